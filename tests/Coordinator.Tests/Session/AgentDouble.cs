using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Enrolment;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Coordinator.Tests.Session;

/// <summary>The agent's end of a session, driven by hand: a certificate, a journal, a stream.</summary>
internal sealed class AgentDouble : IDisposable
{
    private readonly GrpcChannel channel;
    private readonly AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call;

    private AgentDouble(GrpcChannel channel)
    {
        this.channel = channel;
        call = new AgentSessionService.AgentSessionServiceClient(channel).Connect(cancellationToken: Token);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Says hello. What comes back is read by <see cref="NextAsync"/>.</summary>
    public static async Task<AgentDouble> ConnectAsync(RunningCoordinator coordinator, string certificateRack, string helloRack, string journal = "j1", string bootUrl = "")
    {
        var hello = new Hello { Rack = helloRack, AgentVersion = "test", JournalId = journal, BootUrl = bootUrl };
        return await ConnectAsync(coordinator, certificateRack, hello);
    }

    public static async Task<AgentDouble> ConnectAsync(RunningCoordinator coordinator, string certificateRack, Hello hello)
    {
        var agent = new AgentDouble(coordinator.Dial(AgentKey.Certified(coordinator.Ca, certificateRack)));
        await agent.call.RequestStream.WriteAsync(new() { Hello = hello }, Token);
        return agent;
    }

    public async Task<ConnectResponse> NextAsync() => await call.ResponseStream.MoveNext(Token)
        ? call.ResponseStream.Current : throw new InvalidOperationException("The session ended without a status.");

    /// <summary>Reads on until a message fits; what comes in between is skipped.</summary>
    public async Task<ConnectResponse> NextAsync(Func<ConnectResponse, bool> fits)
    {
        while (true)
        {
            if (await NextAsync() is var message && fits(message))
                return message;
        }
    }

    public Task ReportAsync(ulong sequence, BootProgress boot, int second) => ReportAsync(
        new() { Sequence = sequence, Time = DateTimeOffset.UnixEpoch.AddSeconds(second).ToTimestamp(), BootProgress = boot });

    public Task ReportAsync(Report report) => call.RequestStream.WriteAsync(new() { Report = report }, Token);

    public Task AnswerAsync(QueryAnswer answer) => call.RequestStream.WriteAsync(new() { QueryAnswer = answer }, Token);

    public Task BeatAsync(params CachedAsset[] assets) => call.RequestStream.WriteAsync(new() { Heartbeat = new() { Assets = { assets } } }, Token);

    public Task BeatAsync(Heartbeat beat) => call.RequestStream.WriteAsync(new() { Heartbeat = beat }, Token);

    public Task BuildsAsync(params BuildProgress[] builds) => call.RequestStream.WriteAsync(new() { Heartbeat = new() { Builds = { builds } } }, Token);

    /// <summary>Asks until it is so.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await isSo())
            limit.Token.ThrowIfCancellationRequested();
    }

    public void Dispose()
    {
        call.Dispose();
        channel.Dispose();
    }
}
