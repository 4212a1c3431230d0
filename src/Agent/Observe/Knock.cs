using System.Net;
using System.Net.Sockets;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>
/// Asks whether anybody listens at an address at all. Most addresses of a rack have no API behind them yet: a connection that fails costs
/// an exception with its trace at each layer above, and a rack that is switched on has thousands of them.
/// </summary>
internal static class Knock
{
    // The kernel gives up an address that nobody answers ARP for after three seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>Whether a TCP connection is accepted there; false also when the patience or the caller's is over.</summary>
    public static async Task<bool> IsHeardAsync(IPAddress address, int port, TimeProvider clock, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, clock);
        using var attempt = new SocketAsyncEventArgs { RemoteEndPoint = new IPEndPoint(address, port) };
        var ended = new TaskCompletionSource<SocketError>(TaskCreationOptions.RunContinuationsAsynchronously);
        attempt.Completed += (_, _) => ended.TrySetResult(attempt.SocketError);
        var outcome = SocketError.SocketError;
        await using (limit.Token.Register(() => Socket.CancelConnectAsync(attempt)))
        await using (cancellation.Register(() => Socket.CancelConnectAsync(attempt)))
            outcome = Socket.ConnectAsync(SocketType.Stream, ProtocolType.Tcp, attempt) ? await ended.Task : attempt.SocketError;
        attempt.ConnectSocket?.Dispose();
        return outcome == SocketError.Success;
    }
}
