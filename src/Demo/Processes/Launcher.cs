using System.Collections.Concurrent;
using System.Diagnostics;

namespace Cozy.Fleet.Demo.Processes;

/// <summary>
/// Starts children that end with us, even when we are killed: setpriv asks the kernel for SIGKILL at the parent's death. The kernel
/// means the thread that forked, not its process (prctl(2), PR_SET_PDEATHSIG), so one thread that lives to the end starts them all.
/// </summary>
internal sealed class Launcher : IDisposable
{
    private readonly BlockingCollection<Action> orders = new(boundedCapacity: 16);

    public Launcher() => new Thread(Run) { IsBackground = true, Name = "launcher" }.Start();

    public Task<Process> StartAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        orders.Add(() => Start(start, started));
        return started.Task;
    }

    /// <summary>Call it when all children have ended: the thread's end is their end.</summary>
    public void Dispose() => orders.CompleteAdding();

    private static void Start(ProcessStartInfo start, TaskCompletionSource<Process> started)
    {
        try
        {
            started.SetResult(Process.Start(start)!); // Null comes with UseShellExecute only.
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            started.SetException(new DemoFailure(
                $"{start.FileName} could not be started ({failure.Message}); it comes with the package util-linux.", cause: failure));
        }
    }

    private void Run()
    {
        foreach (var order in orders.GetConsumingEnumerable())
            order();
    }
}
