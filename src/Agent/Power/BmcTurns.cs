using System.Collections.Concurrent;

namespace Cozy.Fleet.Agent.Power;

/// <summary>Who may speak to a BMC now: one conversation for each BMC, a few for the rack, and not too many in a minute.</summary>
internal sealed class BmcTurns(Config.AgentConfig config, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Line> lines = new();
    private readonly SemaphoreSlim rack = new(config.Power.AtOnce);
    private readonly SemaphoreSlim starting = new(1);
    private DateTimeOffset started;

    /// <summary>Waits for the turn; whoever disposes the answer gives it back.</summary>
    /// <exception cref="BmcException">This BMC was asked too often.</exception>
    public async Task<IDisposable> EnterAsync(string address, CancellationToken cancellation)
    {
        var line = lines.GetOrAdd(address, _ => new());
        if (!line.Admit(clock.GetUtcNow(), config.Power.PerMinute))
            throw new BmcException(BmcFailure.TooOften,
                $"the BMC {address} was asked {config.Power.PerMinute} times within a minute; wait a little");
        await line.Turn.WaitAsync(cancellation);
        try
        {
            await rack.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            line.Turn.Release();
            throw;
        }
        return new Turn(() =>
        {
            rack.Release();
            line.Turn.Release();
        });
    }

    /// <summary>Returns when the next machine of the rack may be switched on.</summary>
    public async Task StaggerAsync(CancellationToken cancellation)
    {
        await starting.WaitAsync(cancellation);
        try
        {
            if (started + config.Power.Stagger - clock.GetUtcNow() is { Ticks: > 0 } pause)
                await Task.Delay(pause, clock, cancellation);
            started = clock.GetUtcNow();
        }
        finally
        {
            starting.Release();
        }
    }

    public void Dispose()
    {
        rack.Dispose();
        starting.Dispose();
    }

    private sealed class Line
    {
        private readonly Queue<DateTimeOffset> asked = new();

        public SemaphoreSlim Turn { get; } = new(1);

        public bool Admit(DateTimeOffset now, int most)
        {
            lock (asked) // Commands and queries come on different threads.
            {
                while (asked.TryPeek(out var first) && now - first >= Window)
                    asked.Dequeue();
                if (asked.Count >= most)
                    return false;
                asked.Enqueue(now);
                return true;
            }
        }
    }

    private sealed class Turn(Action end) : IDisposable
    {
        private Action? end = end;

        public void Dispose() => Interlocked.Exchange(ref end, null)?.Invoke();
    }
}
