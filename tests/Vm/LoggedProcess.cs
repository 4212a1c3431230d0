using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Vm;

/// <summary>A long-running program whose output goes to a file and can be waited for, line by line.</summary>
internal sealed class LoggedProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly StreamWriter log;
    private readonly Lock gate = new(); // Output and errors arrive on two threads.
    private readonly List<string> lines = [];
    private readonly List<(Regex Pattern, TaskCompletionSource<string> Found)> waits = [];

    private LoggedProcess(Process process, StreamWriter log) => (this.process, this.log) = (process, log);

    public static LoggedProcess Start(string program, IEnumerable<string> arguments, string logFile,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
        var logged = new LoggedProcess(process, new StreamWriter(logFile) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => logged.Add(line.Data);
        process.ErrorDataReceived += (_, line) => logged.Add(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => logged.Ended();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return logged;
    }

    /// <summary>The first line, past or to come, that matches.</summary>
    public async Task<string> WaitForLineAsync(Regex pattern, TimeSpan limit, CancellationToken cancellation)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (lines.Find(line => pattern.IsMatch(line)) is { } line)
                return line;
            waits.Add((pattern, found));
        }
        return await found.Task.WaitAsync(limit, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Tool.EndAsync(process);
        await log.DisposeAsync();
    }

    private void Add(string? line)
    {
        if (line is null)
            return;
        lock (gate)
        {
            log.WriteLine(line);
            lines.Add(line);
            foreach (var (_, found) in waits.Where(wait => wait.Pattern.IsMatch(line)))
                found.TrySetResult(line);
        }
    }

    private void Ended()
    {
        lock (gate)
        {
            foreach (var (pattern, found) in waits)
                found.TrySetException(new InvalidOperationException(
                    $"The program ended before it printed '{pattern}': {string.Join('\n', lines.TakeLast(20))}"));
        }
    }
}
