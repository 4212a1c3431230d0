using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>Looks at one node; never throws.</summary>
internal delegate Task<Sight> Look(CancellationToken cancellation);

/// <summary>Watches one node until that ends; never throws. What it tells is <c>Opened</c> or <c>Changed</c>.</summary>
internal delegate Task<WatchEnd> Watch(Sight where, Action<FollowSignal> tell, CancellationToken cancellation);

/// <summary>The shell around <see cref="Following"/> for one node: carries out what it decides, and tells it what came of it.</summary>
internal sealed class NodeFollower : IDisposable
{
    private readonly Lock gate = new(); // The timer, the look, the watch and hints come on threads of their own; deciding takes no time.
    private readonly Look look;
    private readonly Watch watch;
    private readonly TimeProvider clock;
    private readonly ITimer timer;
    private FollowPace pace;
    private FollowState state;
    private CancellationTokenSource? looking;
    private CancellationTokenSource? watching;
    private bool disposed;

    public NodeFollower(Look look, Watch watch, FollowPace pace, TimeProvider clock)
    {
        (this.look, this.watch, this.pace, this.clock) = (look, watch, pace, clock);
        var now = clock.GetUtcNow();
        state = new(now) { LookDue = now + pace.FirstLook };
        timer = clock.CreateTimer(_ => Signal(new FollowSignal.Passed()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Signal(new FollowSignal.Passed());
    }

    public bool IsWatched
    {
        get
        {
            lock (gate)
                return state.Watch == WatchState.Stands;
        }
    }

    /// <summary>Another pace from now on: the node's role changed.</summary>
    public void SetPace(FollowPace next)
    {
        lock (gate)
            pace = next;
    }

    public void Signal(FollowSignal signal)
    {
        lock (gate)
        {
            if (disposed)
                return;
            (state, var order) = Following.Next(state, signal, clock.GetUtcNow(), pace);
            CarryOut(order);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            timer.Dispose();
            End(ref looking);
            End(ref watching);
        }
    }

    private void CarryOut(FollowOrder order)
    {
        if (order.Abandon)
            End(ref looking);
        if (order.Close)
            End(ref watching);
        if (order.Look)
            _ = LookAsync(looking = new());
        if (order.Open is { } where)
            _ = WatchAsync(where, watching = new());
        var pause = order.Wake == DateTimeOffset.MaxValue ? Timeout.InfiniteTimeSpan : order.Wake - clock.GetUtcNow();
        timer.Change(pause < TimeSpan.Zero && pause != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : pause, Timeout.InfiniteTimeSpan);
    }

    private async Task LookAsync(CancellationTokenSource mine)
    {
        await Task.Yield();
        var sight = await look(mine.Token);
        SignalIf(ref looking, mine, new FollowSignal.Looked(sight), isLast: true);
    }

    private async Task WatchAsync(Sight where, CancellationTokenSource mine)
    {
        await Task.Yield();
        var end = await watch(where, told => SignalIf(ref watching, mine, told, isLast: false), mine.Token);
        SignalIf(ref watching, mine, new FollowSignal.Lost(end), isLast: true);
    }

    // What an abandoned look or a closed watch says comes too late.
    private void SignalIf(ref CancellationTokenSource? current, CancellationTokenSource mine, FollowSignal signal, bool isLast)
    {
        lock (gate)
        {
            if (ReferenceEquals(current, mine))
            {
                if (isLast)
                    current = null;
                Signal(signal);
            }
        }
    }

    private static void End(ref CancellationTokenSource? call)
    {
        // Whatever the cancellation wakes must not run inside the lock.
        _ = call?.CancelAsync();
        call = null;
    }
}
