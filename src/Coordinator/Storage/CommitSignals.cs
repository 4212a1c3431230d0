using System.Collections.Concurrent;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Wakes those who watch a topic when something of it was committed.</summary>
internal sealed class CommitSignals
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> waiting = new();

    /// <summary>
    /// Completes at the next commit. Take it before reading: then no commit falls between the read and the wait.
    /// </summary>
    public Task Next(string topic) => waiting.GetOrAdd(topic, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Committed(string topic)
    {
        if (waiting.TryRemove(topic, out var signal))
            signal.SetResult();
    }
}
