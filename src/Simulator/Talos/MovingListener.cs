using System.Net;
using System.Net.Sockets;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>
/// Listens where the node's config puts it, and moves when that changes. At an address that is not this machine's nobody finds it,
/// which is what becomes of a real node with a wrong address.
/// </summary>
internal sealed class MovingListener : IAsyncDisposable
{
    // Talos' controllers take up a change after the call that made it was answered.
    private static readonly TimeSpan Reaction = TimeSpan.FromMilliseconds(200);

    private readonly TalosRun run;
    private readonly Func<CancellationToken, Task<IAsyncDisposable>> start;
    private readonly CancellationTokenSource ended;
    private Task following = Task.CompletedTask;
    private IAsyncDisposable? listener;

    private MovingListener(TalosRun run, Func<CancellationToken, Task<IAsyncDisposable>> start)
    {
        (this.run, this.start) = (run, start);
        ended = CancellationTokenSource.CreateLinkedTokenSource(run.Ended);
    }

    public static async Task<MovingListener> StartAsync(TalosRun run, Func<CancellationToken, Task<IAsyncDisposable>> start)
    {
        var moving = new MovingListener(run, start);
        var address = run.Address;
        await moving.ListenAsync();
        moving.following = moving.FollowAsync(address);
        return moving;
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        try
        {
            await following;
        }
        catch (OperationCanceledException)
        {
            // The boot is over.
        }
        if (listener is not null)
            await listener.DisposeAsync();
        ended.Dispose();
    }

    private async Task FollowAsync(IPAddress address)
    {
        while (true)
        {
            var change = run.NextChange();
            if (run.Address.Equals(address))
            {
                await change.WaitAsync(ended.Token);
                continue;
            }
            await Task.Delay(Reaction, run.Pace.Clock, ended.Token);
            address = run.Address;
            if (listener is not null)
                await listener.DisposeAsync();
            listener = null;
            await ListenAsync();
        }
    }

    private async Task ListenAsync()
    {
        try
        {
            listener = await start(ended.Token);
        }
        catch (Exception failure) when (failure is IOException or SocketException && run.HasStaticAddress)
        {
            run.Unreachable(failure.Message);
        }
    }
}
