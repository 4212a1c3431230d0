using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Tests.Session;

/// <summary>One session at the coordinator's end, led by the test.</summary>
internal sealed class SessionDouble(
    Hello hello, string subject, IAsyncStreamReader<ConnectRequest> fromAgent, IServerStreamWriter<ConnectResponse> toAgent)
{
    private readonly TaskCompletionSource<Status?> end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Hello Hello => hello;

    /// <summary>The subject of the agent's certificate.</summary>
    public string Subject => subject;

    /// <summary>Completes with the status that ends the call; null for a good end.</summary>
    public Task<Status?> Ended => end.Task;

    public Task WelcomeAsync(ulong acknowledged) => SendAsync(new() { Welcome = new() { AcknowledgedSequence = acknowledged } });

    public Task AcknowledgeAsync(ulong sequence) => SendAsync(new() { Ack = new() { Sequence = sequence } });

    public Task SendAsync(ConnectResponse message) => toAgent.WriteAsync(message);

    /// <summary>The next report; heartbeats are passed over.</summary>
    public async Task<Report> ReportAsync(CancellationToken cancellation)
    {
        while (await fromAgent.MoveNext(cancellation))
        {
            if (fromAgent.Current.Report is { } report)
                return report;
        }
        throw new InvalidOperationException("The agent ended its side of the session.");
    }

    public async Task<Heartbeat> HeartbeatAsync(CancellationToken cancellation)
    {
        while (await fromAgent.MoveNext(cancellation))
        {
            if (fromAgent.Current.Heartbeat is { } heartbeat)
                return heartbeat;
        }
        throw new InvalidOperationException("The agent ended its side of the session.");
    }

    public void End() => end.TrySetResult(null);

    public void Refuse(StatusCode code, string words) => end.TrySetResult(new(code, words));
}
