using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Agent.Tests;

/// <summary>A log that a test reads: the lines as an operator would see them.</summary>
internal sealed class ListLogger<T> : ILogger<T>
{
    private readonly Lock gate = new(); // Whatever is under test logs from its own threads.
    private readonly List<string> lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (gate)
                return [.. lines];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (gate)
            lines.Add($"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : " " + exception)}");
    }
}
