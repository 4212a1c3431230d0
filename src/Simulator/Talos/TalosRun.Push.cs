using Cozy.Fleet.Talos.Api.Machine;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>What a node tells by itself: its events and its kernel's log (talos.md 3.5, 3.6).</content>
internal sealed partial class TalosRun
{
    private const string SinkArgument = "talos.events.sink=";
    private const string LogArgument = "talos.logging.kernel=";

    private Task pushing = Task.CompletedTask;

    // The config that it booted with or was given in maintenance mode: before its API has it.
    private NodeConfig? received;

    private NodeConfig? InEffect => Config ?? received;

    // The document wins over the kernel's argument.
    private string SinkNow => InEffect?.EventSink is { Length: > 0 } document ? document : KernelArgument(SinkArgument);

    // Argument and documents add up, each destination once.
    private string LogsNow => string.Join(
        ' ', (InEffect?.KernelLogs ?? []).Prepend(KernelArgument(LogArgument)).Where(url => url != "").Distinct());

    // Until everything is told after the end of the run, or it is cancelled.
    private async Task PushAsync()
    {
        var (sink, logs) = (new EventSink(this), new KernelLogSender(this));
        await Task.WhenAll(
            FollowAsync(() => SinkNow, sink.RunAsync),
            FollowAsync(() => LogsNow, (urls, token) => Task.WhenAll(urls.Split(' ').Select(url => logs.RunAsync(url, token)))));
    }

    // A config that names another destination takes effect at once.
    private async Task FollowAsync(Func<string> destinationNow, Func<string, CancellationToken, Task> tellAsync)
    {
        while (true)
        {
            var change = NextChange();
            var destination = destinationNow();
            if (destination == "" && Events.IsComplete)
                return;
            if (destination == "")
            {
                await change.WaitAsync(ended.Token);
                continue;
            }
            using var moved = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
            var telling = tellAsync(destination, moved.Token);
            while (destinationNow() == destination)
            {
                change = NextChange();
                if (destinationNow() == destination && await Task.WhenAny(telling, change) == telling)
                {
                    await telling;
                    return;
                }
            }
            await moved.CancelAsync();
            try
            {
                await telling;
            }
            catch (OperationCanceledException) when (!ended.IsCancellationRequested)
            {
                // The rest goes to the other one.
            }
        }
    }

    private string KernelArgument(string name) =>
        kernel.CommandLine.Split(' ').FirstOrDefault(a => a.StartsWith(name, StringComparison.Ordinal))?[name.Length..] ?? "";

    // Only a boot entry of GRUB carries arguments over, the first value of each; the command line of a UKI is part of the image
    // (talos.md 0, trap 10; 3.8).
    private string CarriedArguments() => machine.Options.Firmware == SimulatedFirmware.UefiX64 && Version.IsAtLeast(1, 10)
        ? ""
        : string.Join(' ', ((string[])[SinkArgument, LogArgument])
            .Where(name => KernelArgument(name) != "").Select(name => name + KernelArgument(name)));
}
