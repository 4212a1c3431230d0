using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Cozy.Fleet.Demo.Processes;

/// <summary>One of the fleet's programs while it runs. All that it prints goes to its log.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int Terminate = 15;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly string name;
    private readonly string log;
    private readonly Process process;
    private readonly StreamWriter writer;
    private readonly Lock gate = new(); // Both streams write to one log.
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<int> ended;
    private bool wanted;

    private ChildProcess(string name, string log, Process process)
    {
        (this.name, this.log, this.process) = (name, log, process);
        writer = new(log, append: true) { AutoFlush = true };
        ended = CopyAsync();
    }

    public int Id => process.Id;

    /// <summary>Completes with a failure when the process ends and nobody wanted that.</summary>
    public Task<DemoFailure> Lost => LostAsync();

    /// <summary>Starts the program and waits until it says that it is ready.</summary>
    /// <param name="name">For messages; the log is named after it.</param>
    public static async Task<ChildProcess> StartAsync(string name, string log, Task<Process> starting, CancellationToken cancellation)
    {
        var child = new ChildProcess(name, log, await starting);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StartLimit);
        await Task.WhenAny(child.ready.Task, child.ended, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, limit.Token));
        if (child.ready.Task.IsCompleted)
            return child;
        var failure = child.ended.IsCompleted ? await child.LostAsync()
            : new DemoFailure($"The {name} was not ready within {StartLimit.TotalSeconds:0} seconds; its log is {log}.", log);
        await child.DisposeAsync();
        cancellation.ThrowIfCancellationRequested();
        throw failure;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        wanted = true;
        process.Kill();
        await ended;
    }

    /// <summary>Asks the process to end, as its service manager would, and does not take no for an answer.</summary>
    public async ValueTask DisposeAsync()
    {
        wanted = true;
        if (!ended.IsCompleted)
            _ = Signal(process.Id, Terminate); // It may just have ended by itself: that is as good.
        using var limit = new CancellationTokenSource(EndLimit, TimeProvider.System);
        if (await Task.WhenAny(ended, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, limit.Token)) != ended)
            process.Kill();
        await ended;
        await writer.DisposeAsync();
        process.Dispose();
    }

    private async Task<DemoFailure> LostAsync()
    {
        var code = await ended;
        if (wanted)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        return new($"The {name} ended by itself with exit code {code}; its log is {log}.", log);
    }

    private async Task<int> CopyAsync()
    {
        await Task.WhenAll(CopyAsync(process.StandardOutput), CopyAsync(process.StandardError));
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    private async Task CopyAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            lock (gate)
                writer.WriteLine(line);
            if (line.Contains("ready:", StringComparison.Ordinal))
                ready.TrySetResult();
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
