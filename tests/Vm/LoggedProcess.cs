using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Vm;

/// <summary>A long-running program whose output goes to a file and can be waited for, line by line.</summary>
internal sealed partial class LoggedProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly StreamWriter log;
    private readonly Lock gate = new(); // Output and errors arrive on two threads.
    private readonly List<string> lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Found)> waits = [];
    private bool closed;

    private LoggedProcess(string name, Process process, StreamWriter log) => (Name, this.process, this.log) = (name, process, log);

    public string Name { get; }

    /// <summary>Completes when the program ends by itself, with its exit code.</summary>
    public Task<int> Ended => EndedAsync();

    /// <param name="name">Names the log file, and stands before each line when the run is shown.</param>
    public static LoggedProcess Start(string name, string program, IEnumerable<string> arguments, string directory)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
        var log = new StreamWriter(Path.Combine(directory, $"{name}.log")) { AutoFlush = true };
        var logged = new LoggedProcess(name, process, log);
        process.OutputDataReceived += (_, line) => logged.Add(line.Data);
        process.ErrorDataReceived += (_, line) => logged.Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return logged;
    }

    /// <summary>The first line, past or to come, that is wanted.</summary>
    public Task<string> LineAsync(Func<string, bool> wanted)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (lines.Find(line => wanted(line)) is { } line)
                return Task.FromResult(line);
            waits.Add((wanted, found));
        }
        return found.Task;
    }

    /// <summary>The newest lines, such as for the message of a failure.</summary>
    public IReadOnlyList<string> Tail(int count)
    {
        lock (gate)
            return [.. lines.TakeLast(count)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
            closed = true;
        await Tool.EndAsync(process);
        await log.DisposeAsync();
    }

    private void Add(string? raw)
    {
        // Firmware positions the cursor; what it says is enough.
        var line = raw is null ? "" : Terminal().Replace(raw, "").TrimEnd();
        if (line == "")
            return;
        lock (gate)
        {
            if (closed)
                return;
            log.WriteLine(line);
            lines.Add(line);
            foreach (var (_, found) in waits.Where(wait => wait.Wanted(line)))
                found.TrySetResult(line);
        }
        Show.Line(Name, line);
    }

    private async Task<int> EndedAsync()
    {
        await process.WaitForExitAsync();
        bool byUs;
        lock (gate)
            byUs = closed;
        return byUs ? await new TaskCompletionSource<int>().Task : process.ExitCode;
    }

    [GeneratedRegex(@"\x1b(\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|c)|[\x00-\x08\x0b-\x1f]")]
    private static partial Regex Terminal();
}
