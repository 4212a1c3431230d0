using System.Threading.Channels;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Images;
using Cozy.Fleet.Coordinator.Racks;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Session;

/// <summary>
/// The call that an agent holds open. It moves messages between the stream and the rack's grain and decides nothing: a report is
/// acknowledged when the grain has it on disk.
/// </summary>
internal sealed partial class AgentSessionApi(IGrainFactory grains, ImagePins pins, ILogger<AgentSessionApi> log) : AgentSessionService.AgentSessionServiceBase
{
    public const string CoordinatorVersion = "0.1.0";

    private const int ReportQueue = 1024;
    private const int ReportBatch = 256;

    public override async Task Connect(
        IAsyncStreamReader<ConnectRequest> requestStream, IServerStreamWriter<ConnectResponse> responseStream, ServerCallContext context)
    {
        var agent = context.Caller() as Caller.Agent
            ?? throw new RpcException(new(StatusCode.PermissionDenied, "Only agents hold a session; this certificate is an operator's."));
        var hello = await HelloAsync(requestStream, agent, context.CancellationToken);
        var session = new AgentSession();
        var reference = grains.CreateObjectReference<IAgentSession>(session);
        var sessionId = Guid.NewGuid().ToString();
        var rack = grains.GetGrain<IRackGrain>(agent.Rack);
        var answer = await rack.Connect(
            new(sessionId, hello.AgentVersion, hello.JournalId, hello.BootUrl, agent.CertificateSerial, agent.ExpireTime)
            {
                EventSink = hello.EventSink, KernelLog = hello.KernelLog,
            }, reference);
        if (!answer.Accepted(out var start, out var refusal))
            throw new RpcException(new(StatusCode.FailedPrecondition, refusal.Message));
        try
        {
            LogConnected(agent.Rack, hello.AgentVersion);
            await responseStream.WriteAsync(new()
            {
                Welcome = new() { CoordinatorVersion = CoordinatorVersion, AcknowledgedSequence = start.AcknowledgedSequence },
            }, context.CancellationToken);
            await MoveAsync(rack, sessionId, session, requestStream, responseStream, context.CancellationToken);
            throw new RpcException(new(StatusCode.Aborted, session.EndReason ?? "the session ended"));
        }
        finally
        {
            await rack.Disconnect(sessionId);
            session.Queries.EndAll(session.EndReason ?? "the connection is gone");
            grains.DeleteObjectReference<IAgentSession>(reference);
            LogDisconnected(agent.Rack, session.EndReason ?? "the connection is gone");
            GC.KeepAlive(session); // Object references hold their object weakly.
        }
    }

    private static async Task<Hello> HelloAsync(IAsyncStreamReader<ConnectRequest> stream, Caller.Agent agent, CancellationToken cancellation)
    {
        if (!await stream.MoveNext(cancellation) || stream.Current.Hello is not { } hello)
            throw new RpcException(new(StatusCode.InvalidArgument, "The first message of a session is hello."));
        return hello.Rack == agent.Rack ? hello : throw new RpcException(new(StatusCode.PermissionDenied,
            $"The certificate is for rack {agent.Rack}, the agent says that it serves rack {hello.Rack}; enrol it with a token for that rack."));
    }

    // Until one of the three ends; the others end with it.
    private async Task MoveAsync(IRackGrain rack, string sessionId, AgentSession session,
        IAsyncStreamReader<ConnectRequest> requests, IServerStreamWriter<ConnectResponse> responses, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reports = Channel.CreateBounded<Report>(ReportQueue);
        Task[] work =
        [
            ReadAsync(session, (rack, sessionId), requests, reports.Writer, ending.Token),
            TakeReportsAsync(rack, sessionId, session, reports.Reader, ending.Token),
            WriteAsync(session, responses, ending.Token),
        ];
        var first = await Task.WhenAny(work);
        await ending.CancelAsync();
        await Task.WhenAll(work).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (!cancellation.IsCancellationRequested)
            await first;
    }

    private async Task ReadAsync(AgentSession session, (IRackGrain Grain, string SessionId) rack,
        IAsyncStreamReader<ConnectRequest> requests, ChannelWriter<Report> reports, CancellationToken cancellation)
    {
        while (await requests.MoveNext(cancellation))
        {
            if (requests.Current.Report is { } report)
                await reports.WriteAsync(report, cancellation);
            else if (requests.Current.QueryAnswer is { } answer)
                session.Queries.Take(answer);
            if (requests.Current.Heartbeat is not { } heartbeat)
                continue;
            var liveness = ReportMapping.ToDomain(heartbeat);
            if (!await rack.Grain.Heartbeat(rack.SessionId, liveness))
                return;
            await pins.TakeAsync(rack.Grain.GetPrimaryKeyString(), liveness);
        }
    }

    private static async Task TakeReportsAsync(
        IRackGrain rack, string sessionId, AgentSession session, ChannelReader<Report> reports, CancellationToken cancellation)
    {
        var batch = new List<AgentReport>();
        while (await reports.WaitToReadAsync(cancellation))
        {
            batch.Clear();
            while (batch.Count < ReportBatch && reports.TryRead(out var report))
                batch.Add(ReportMapping.ToDomain(report));
            if (await rack.Report(sessionId, [.. batch]) is not { } acknowledged)
                return;
            session.Acknowledge(acknowledged);
        }
    }

    private static async Task WriteAsync(AgentSession session, IServerStreamWriter<ConnectResponse> responses, CancellationToken cancellation)
    {
        await foreach (var message in session.Outgoing.ReadAllAsync(cancellation))
            await responses.WriteAsync(message, cancellation);
    }

    [LoggerMessage(LogLevel.Information, "rack {Rack}: agent {Version} connected")]
    private partial void LogConnected(string rack, string version);

    [LoggerMessage(LogLevel.Information, "rack {Rack}: session over, {Reason}")]
    private partial void LogDisconnected(string rack, string reason);
}
