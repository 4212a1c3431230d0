using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Agent.Tests;

/// <summary>A log that a test reads: the lines as an operator would see them.</summary>
internal sealed class ListLogger<T> : ILogger<T>
{
    private readonly Lock gate = new(); // Whatever is under test logs from its own threads.
    private readonly List<string> lines = [];
    private readonly List<(string Part, TaskCompletionSource Found)> waits = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (gate)
                return [.. lines];
        }
    }

    /// <summary>Completes with the first line, past or to come, that contains the words.</summary>
    public Task LineAsync(string part, CancellationToken cancellation)
    {
        var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (lines.Exists(line => line.Contains(part, StringComparison.Ordinal)))
                return Task.CompletedTask;
            waits.Add((part, found));
        }
        return found.Task.WaitAsync(cancellation);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = $"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : " " + exception)}";
        lock (gate)
        {
            lines.Add(line);
            foreach (var (_, found) in waits.Where(wait => line.Contains(wait.Part, StringComparison.Ordinal)))
                found.TrySetResult();
        }
    }
}
