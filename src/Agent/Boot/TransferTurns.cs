namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Machines that boot at once share the rack's line fairly: each loads so many assets at once, and what it asks for beyond that waits until
/// one of them is over. Among the transfers that run, TCP shares the line.
/// </summary>
internal sealed class TransferTurns(int perMachine)
{
    private readonly Lock gate = new(); // Requests come on threads of their own; entering and leaving takes no time.
    private readonly Dictionary<string, Line> lines = [];

    /// <summary>Waits for the machine's turn; whoever disposes of it ends it.</summary>
    /// <param name="machine">What tells machines apart.</param>
    /// <exception cref="OperationCanceledException">The machine did not wait so long.</exception>
    public async Task<IDisposable> TakeAsync(string machine, CancellationToken cancellation)
    {
        var line = Enter(machine);
        try
        {
            await line.Free.WaitAsync(cancellation);
        }
        catch
        {
            Leave(machine, line);
            throw;
        }
        return new Turn(this, machine, line);
    }

    private Line Enter(string machine)
    {
        lock (gate)
        {
            if (!lines.TryGetValue(machine, out var line))
                lines[machine] = line = new(new(perMachine));
            line.Users++;
            return line;
        }
    }

    private void Leave(string machine, Line line)
    {
        lock (gate)
        {
            if (--line.Users > 0)
                return;
            lines.Remove(machine);
            line.Free.Dispose();
        }
    }

    private sealed class Line(SemaphoreSlim free)
    {
        public SemaphoreSlim Free => free;

        /// <summary>Transfers that run or wait; under the gate.</summary>
        public int Users { get; set; }
    }

    private sealed class Turn(TransferTurns turns, string machine, Line line) : IDisposable
    {
        private bool over;

        public void Dispose()
        {
            if (over)
                return;
            over = true;
            line.Free.Release();
            turns.Leave(machine, line);
        }
    }
}
