using System.Threading.Channels;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Commands;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Hosting;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Queries;
using Cozy.Fleet.Contracts.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Polly;
using Polly.Retry;

namespace Cozy.Fleet.Agent.Session;

/// <summary>The one connection to the coordinator: enrols once, then connects, and connects again whenever it is lost.</summary>
internal sealed partial class SessionLoop : BackgroundService
{
    public const string AgentVersion = "0.1.0";

    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RenewalCheck = TimeSpan.FromMinutes(10);

    // A session that lasted so long was a good one: when it ends, the next is tried at once.
    private static readonly TimeSpan GoodSession = TimeSpan.FromSeconds(10);

    private readonly AgentConfig config;
    private readonly AgentIdentity identity;
    private readonly Journal journal;
    private readonly DesiredStateStore desired;
    private readonly CommandExecutor commands;
    private readonly AnswerQuery answer;
    private readonly Observer observer;
    private readonly BootReporter reporter;
    private readonly PushEndpoints push;
    private readonly Heartbeats heartbeats;
    private readonly AgentFailure failure;
    private readonly TimeProvider clock;
    private readonly ILogger<SessionLoop> log;
    private readonly ResiliencePipeline reconnect;

    public SessionLoop(AgentConfig config, AgentIdentity identity, Journal journal, DesiredStateStore desired, CommandExecutor commands,
        AnswerQuery answer, Observer observer, BootReporter reporter, PushEndpoints push, Heartbeats heartbeats,
        AgentFailure failure, TimeProvider clock, ILogger<SessionLoop> log)
    {
        (this.config, this.identity, this.journal, this.desired) = (config, identity, journal, desired);
        (this.commands, this.answer, this.observer, this.reporter, this.push) = (commands, answer, observer, reporter, push);
        (this.heartbeats, this.failure, this.clock, this.log) = (heartbeats, failure, clock, log);
        commands.Ended += command => observer.LookAgain(command.Node);
        reconnect = new ResiliencePipelineBuilder { TimeProvider = clock }.AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(500),
            MaxDelay = TimeSpan.FromSeconds(30),
            // Whatever ends a session, the next one is tried: machines need the agent, and the agent needs the coordinator again.
            ShouldHandle = new PredicateBuilder().Handle<Exception>(e => e is not EnrolmentException),
            OnRetry = retry =>
            {
                LogLost(retry.Outcome.Exception is RpcException rpc ? rpc.Status.Detail : retry.Outcome.Exception?.Message ?? "", retry.RetryDelay.TotalSeconds);
                return default;
            },
        }).Build();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (config.CoordinatorEndpoint is null)
        {
            LogAlone();
            return;
        }
        await reporter.Ready.WaitAsync(stoppingToken);
        try
        {
            // One pass of the pipeline lasts until a session was good; the next loss starts with a short wait again.
            while (!stoppingToken.IsCancellationRequested)
                await reconnect.ExecuteAsync(async token => await EnrolAndRunAsync(token), stoppingToken);
        }
        catch (EnrolmentException refusal)
        {
            failure.End(refusal);
        }
    }

    private async Task EnrolAndRunAsync(CancellationToken cancellation)
    {
        if (!identity.IsEnrolled)
        {
            await identity.EnrolAsync(AgentVersion, cancellation);
            LogEnrolled(config.Rack);
        }
        else if (identity.IsExpired)
        {
            await EnrolAgainAsync(cancellation);
        }
        var start = clock.GetTimestamp();
        try
        {
            await RunAsync(cancellation);
        }
        catch (Exception loss) when (clock.GetElapsedTime(start) > GoodSession && !cancellation.IsCancellationRequested)
        {
            LogEnded(loss is RpcException rpc ? rpc.Status.Detail : loss.Message);
        }
    }

    // A machine room that was dark for a month: boots are served by what is stored, and the operator is told what is missing.
    private async Task EnrolAgainAsync(CancellationToken cancellation)
    {
        try
        {
            await identity.EnrolAsync(AgentVersion, cancellation);
            LogEnrolled(config.Rack);
        }
        catch (EnrolmentException refusal)
        {
            throw new IOException($"this agent's certificate has expired. {refusal.Message}", refusal);
        }
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        using var channel = identity.Dial();
        if (identity.NeedsRenewal)
            await identity.RenewAsync(channel, cancellation);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var call = new AgentSessionService.AgentSessionServiceClient(channel).Connect(cancellationToken: ending.Token);
        await call.RequestStream.WriteAsync(new() { Hello = Hello() }, ending.Token);
        if (!await call.ResponseStream.MoveNext(ending.Token) || call.ResponseStream.Current.Welcome is not { } welcome)
            throw new IOException("the coordinator did not welcome this session");
        await journal.ContinueAfterAsync(welcome.AcknowledgedSequence);
        await journal.AcknowledgeAsync(welcome.AcknowledgedSequence);
        LogConnected(config.CoordinatorEndpoint!.ToString());

        // Several things write; the stream takes one message at a time.
        var outgoing = Channel.CreateBounded<ConnectRequest>(64);
        var queries = new RunningQueries(answer, outgoing.Writer, clock, log, ending.Token);
        var work = new[]
        {
            WriteAsync(call.RequestStream, outgoing.Reader, ending.Token),
            SendReportsAsync(outgoing.Writer, welcome.AcknowledgedSequence, ending.Token),
            SendHeartbeatsAsync(outgoing.Writer, ending.Token),
            RenewInTimeAsync(channel, ending.Token),
            ReadAsync(call.ResponseStream, queries, ending.Token),
        };
        var first = await Task.WhenAny(work);
        await ending.CancelAsync();
        try
        {
            await Task.WhenAll(work);
        }
        catch (Exception) when (first.IsFaulted || cancellation.IsCancellationRequested || first.IsCompletedSuccessfully)
        {
            // The others end because the first one did; its reason is the one to tell.
        }
        await first;
    }

    private Hello Hello() => new()
    {
        Rack = config.Rack,
        AgentVersion = AgentVersion,
        JournalId = journal.Id,
        DesiredStateRevision = desired.Current?.Revision ?? 0,
        BootUrl = reporter.BootUrl,
        EventSink = push.Targets.EventSink,
        KernelLog = push.Targets.KernelLog,
    };

    private static async Task WriteAsync(
        IClientStreamWriter<ConnectRequest> stream, ChannelReader<ConnectRequest> queue, CancellationToken cancellation)
    {
        await foreach (var message in queue.ReadAllAsync(cancellation))
            await stream.WriteAsync(message, cancellation);
    }

    private async Task SendReportsAsync(ChannelWriter<ConnectRequest> queue, ulong after, CancellationToken cancellation)
    {
        await foreach (var report in journal.ReadAsync(after, cancellation))
            await queue.WriteAsync(new() { Report = report }, cancellation);
    }

    private async Task SendHeartbeatsAsync(ChannelWriter<ConnectRequest> queue, CancellationToken cancellation)
    {
        while (true)
        {
            await queue.WriteAsync(new() { Heartbeat = heartbeats.Next() }, cancellation);
            await Task.Delay(HeartbeatInterval, clock, cancellation);
        }
    }

    // A session may outlive its certificate; the next one could not begin with it.
    private async Task RenewInTimeAsync(GrpcChannel channel, CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(RenewalCheck, clock, cancellation);
            if (!identity.NeedsRenewal)
                continue;
            await identity.RenewAsync(channel, cancellation);
            LogRenewed();
        }
    }

    private async Task ReadAsync(IAsyncStreamReader<ConnectResponse> stream, RunningQueries queries, CancellationToken cancellation)
    {
        while (await stream.MoveNext(cancellation))
        {
            var message = stream.Current;
            switch (message.MessageCase)
            {
                case ConnectResponse.MessageOneofCase.Ack:
                    await journal.AcknowledgeAsync(message.Ack.Sequence);
                    break;
                case ConnectResponse.MessageOneofCase.DesiredState:
                    await desired.ReplaceAsync(message.DesiredState, cancellation);
                    LogDesiredState(message.DesiredState.Revision, message.DesiredState.Nodes.Count);
                    break;
                case ConnectResponse.MessageOneofCase.Observation:
                    observer.Take(message.Observation);
                    break;
                case ConnectResponse.MessageOneofCase.Command:
                    await commands.TakeAsync(message.Command);
                    break;
                case ConnectResponse.MessageOneofCase.Query:
                    queries.Take(message.Query);
                    break;
                case ConnectResponse.MessageOneofCase.QueryCredit:
                    queries.Allow(message.QueryCredit);
                    break;
                case ConnectResponse.MessageOneofCase.QueryCancel:
                    queries.Cancel(message.QueryCancel);
                    break;
                default:
                    break; // A newer coordinator may say things that we do not know.
            }
        }
        throw new IOException("the coordinator ended the session");
    }

    [LoggerMessage(LogLevel.Warning, "no coordinator.endpoint is configured: machines boot by what is stored")]
    private partial void LogAlone();

    [LoggerMessage(LogLevel.Information, "enrolled for rack {Rack}")]
    private partial void LogEnrolled(string rack);

    [LoggerMessage(LogLevel.Information, "connected to {Endpoint}")]
    private partial void LogConnected(string endpoint);

    [LoggerMessage(LogLevel.Information, "desired state {Revision} with {Nodes} nodes is stored")]
    private partial void LogDesiredState(ulong revision, int nodes);

    [LoggerMessage(LogLevel.Information, "the agent's certificate is renewed")]
    private partial void LogRenewed();

    [LoggerMessage(LogLevel.Warning, "the session with the coordinator ended: {Reason}")]
    private partial void LogEnded(string reason);

    [LoggerMessage(LogLevel.Warning, "no session with the coordinator: {Reason}; next try in {Seconds:0.0} s")]
    private partial void LogLost(string reason, double seconds);
}
