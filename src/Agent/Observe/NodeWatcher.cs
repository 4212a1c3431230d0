using System.Net;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>
/// Watches nodes over a connection each, as many at once as the configuration allows. A watch ends with the credentials that it began
/// with. What nodes tell is never reported: it only makes somebody look.
/// </summary>
internal sealed partial class NodeWatcher(AgentConfig config, NodeProbe probe, TimeProvider clock, ILogger<NodeWatcher> log)
{
    // A node that takes longer to answer a few calls is as good as away.
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(10);

    // In maintenance mode a node is a stranger: its words must not fill the log.
    private const int LongestText = 300;

    private int watches;

    /// <param name="lease">The credentials; null in maintenance mode.</param>
    public async Task<WatchEnd> WatchAsync(
        string node, Observation? lease, Sight where, Action<FollowSignal> tell, CancellationToken cancellation)
    {
        try
        {
            if (Interlocked.Increment(ref watches) > config.WatchLimit)
                return WatchEnd.NoRoom;
            var life = lease is null ? Timeout.InfiniteTimeSpan : lease.ExpireTime.ToDateTimeOffset() - clock.GetUtcNow();
            if (lease is not null && life <= TimeSpan.Zero)
                return WatchEnd.Broken;
            using var credentials = new CancellationTokenSource(life, clock);
            var broken = await ReadAsync(node, lease, where, tell, cancellation, credentials.Token);
            return credentials.IsCancellationRequested ? WatchEnd.Renewed : broken;
        }
        catch (Exception failure)
        {
            // One node's odd answer must not end the watch over the others.
            LogFailed(failure, node);
            return WatchEnd.Broken;
        }
        finally
        {
            Interlocked.Decrement(ref watches);
        }
    }

    private async Task<WatchEnd> ReadAsync(
        string node, Observation? lease, Sight where, Action<FollowSignal> tell, params CancellationToken[] ends)
    {
        using var opening = new CancellationTokenSource(OpenLimit, clock);
        using var any = CancellationTokenSource.CreateLinkedTokenSource([.. ends, opening.Token]);
        using var connection = probe.Connect(lease, IPAddress.Parse(where.Address));
        try
        {
            await foreach (var change in new TalosWatch(connection).ReadAsync(any.Token))
            {
                if (change.IsFailure)
                    LogNodeFailure(node, Line(change.Text));
                if (change.IsBegin)
                    opening.CancelAfter(Timeout.InfiniteTimeSpan);
                tell(change.IsBegin ? new FollowSignal.Opened() : new FollowSignal.Changed());
            }
        }
        catch (RpcException refusal) when (refusal.StatusCode is StatusCode.PermissionDenied or StatusCode.Unimplemented)
        {
            return WatchEnd.Refused;
        }
        catch (Exception end) when (end is RpcException or OperationCanceledException)
        {
            LogEnded(node, (end as RpcException)?.Status.Detail ?? "it was ended");
        }
        return WatchEnd.Broken;
    }

    private static string Line(string text) => (text.Length > LongestText ? text[..LongestText] : text).ReplaceLineEndings(" ");

    [LoggerMessage(LogLevel.Warning, "{Node} says: {Text}")]
    private partial void LogNodeFailure(string node, string text);

    [LoggerMessage(LogLevel.Debug, "the watch of {Node} ended: {Reason}")]
    private partial void LogEnded(string node, string reason);

    [LoggerMessage(LogLevel.Warning, "watching {Node} failed")]
    private partial void LogFailed(Exception failure, string node);
}
