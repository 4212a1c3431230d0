using System.Collections.Concurrent;
using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Demo.Api;

/// <summary>
/// The fleet as the coordinator's watches tell it. They go on where they were when the coordinator was away, so whoever looks here
/// does not notice that it was killed.
/// </summary>
internal sealed class FleetView : IAsyncDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<string, Node> nodes = new();
    private readonly Task[] watches;
    private TaskCompletionSource changed = NewSignal();

    public FleetView(ChannelBase channel)
    {
        var machines = new NodeService.NodeServiceClient(channel);
        var clusters = new ClusterService.ClusterServiceClient(channel);
        var rollouts = new RolloutService.RolloutServiceClient(channel);
        watches =
        [
            FollowAsync(token => machines.WatchNodes(new() { ResumeToken = token }), r => r.ResumeToken, Take),
            FollowAsync(
                token => clusters.WatchClusters(new() { ResumeToken = token }), r => r.ResumeToken, r => Cluster = r.Cluster ?? Cluster),
            FollowAsync(
                token => rollouts.WatchRollouts(new() { ResumeToken = token }), r => r.ResumeToken, r => Rollout = r.Rollout ?? Rollout),
        ];
    }

    /// <summary>By hostname; machines that have none come last.</summary>
    public IReadOnlyList<Node> Nodes =>
    [
        .. nodes.Values.OrderBy(n => n.Status.Hostname == "").ThenBy(n => n.Status.Hostname, StringComparer.Ordinal)
            .ThenBy(n => n.Metadata.Name, StringComparer.Ordinal),
    ];

    public Cluster? Cluster { get; private set; }

    public Rollout? Rollout { get; private set; }

    /// <summary>The next change, or the end of a watch that cannot go on.</summary>
    public Task NextAsync() => Task.WhenAny([changed.Task, .. watches]).Unwrap();

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Whoever waited has the failure already.
        stopping.Dispose();
    }

    private void Take(WatchNodesResponse response)
    {
        if (response.Node is not { } node)
            return;
        if (response.Type == ChangeType.Deleted)
            nodes.TryRemove(node.Metadata.Name, out _);
        else
            nodes[node.Metadata.Name] = node;
    }

    private async Task FollowAsync<T>(Func<string, AsyncServerStreamingCall<T>> open, Func<T, string> resumeToken, Action<T> take)
    {
        var token = "";
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var call = open(token);
                await foreach (var response in call.ResponseStream.ReadAllAsync(stopping.Token))
                {
                    take(response);
                    token = resumeToken(response) is { Length: > 0 } next ? next : token;
                    Interlocked.Exchange(ref changed, NewSignal()).SetResult();
                }
            }
            catch (RpcException failure) when (failure.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Internal)
            {
                // The coordinator is away; if it stays away, its process has ended, and that is noticed elsewhere.
                await Task.Delay(Again, TimeProvider.System, stopping.Token);
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
