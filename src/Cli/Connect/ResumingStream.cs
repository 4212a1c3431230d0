using System.Runtime.CompilerServices;
using Cozy.Fleet.Cli.Hosting;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Connect;

/// <summary>A server's stream that is opened again where it broke off.</summary>
/// <param name="open">Opens the stream behind what was seen last; the caller keeps that.</param>
/// <param name="forget">Forgets what was seen, because the coordinator no longer knows that place; false when there was
/// nothing to forget.</param>
internal sealed class ResumingStream<T>(
    Terminal terminal, Func<CancellationToken, AsyncServerStreamingCall<T>> open, Func<bool> forget)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(10);

    /// <summary>A coordinator that is away for longer is somebody's work, not a restart.</summary>
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(5);

    private bool connected;
    private RpcException? loss;

    public async IAsyncEnumerable<T> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var delay = FirstDelay;
        var lastHeard = terminal.Time.GetTimestamp();
        while (true)
        {
            using var call = open(cancellation);
            while (await MoveNextAsync(call.ResponseStream, cancellation))
            {
                (connected, delay, lastHeard) = (true, FirstDelay, terminal.Time.GetTimestamp());
                yield return call.ResponseStream.Current;
            }
            if (terminal.Time.GetElapsedTime(lastHeard) > GiveUpAfter)
                throw loss ?? new RpcException(new Status(StatusCode.Unavailable, "it ends every watch at once"));
            if (delay == FirstDelay && !terminal.IsInteractive)
                await terminal.Error.WriteLineAsync("The watch broke off; trying to go on where it was.");
            await Task.Delay(delay, terminal.Time, cancellation);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    /// <summary>False when the stream is over but may be opened again.</summary>
    private async Task<bool> MoveNextAsync(IAsyncStreamReader<T> stream, CancellationToken cancellation)
    {
        loss = null;
        try
        {
            return await stream.MoveNext(cancellation);
        }
        catch (RpcException error)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!(connected && IsLoss(error.StatusCode)) && !(IsForgotten(error.StatusCode) && forget()))
                throw;
            loss = error;
            return false;
        }
    }

    private static bool IsLoss(StatusCode code) => code is
        StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled or StatusCode.Aborted or StatusCode.Unknown
        or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted;

    private static bool IsForgotten(StatusCode code) => code is StatusCode.OutOfRange or StatusCode.DataLoss or StatusCode.InvalidArgument;
}
