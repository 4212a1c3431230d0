using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Demo;

/// <summary>What happens to the machines, as lines of a file.</summary>
internal sealed class MachineLog(string file) : IAsyncDisposable
{
    private readonly StreamWriter writer = new(file, append: true) { AutoFlush = true };
    private readonly Lock gate = new(); // Machines live on different threads.

    public void Add(MachineEvent happened)
    {
        lock (gate)
            writer.WriteLine(RunDirectory.LogLine(happened));
    }

    public ValueTask DisposeAsync() => writer.DisposeAsync();
}
