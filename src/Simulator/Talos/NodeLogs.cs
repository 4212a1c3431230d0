using System.Globalization;
using System.Runtime.CompilerServices;
using Cozy.Fleet.Talos.Api.Machine;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>A line of the kernel's ring.</summary>
/// <param name="Facility">kern, user and so on.</param>
/// <param name="Priority">As syslog names it: notice, warning.</param>
internal sealed record KernelMessage(string Facility, string Priority, string Text);

/// <summary>
/// What a node writes of itself: machined tells every event of the boot, as the console and so the kernel's ring does; the other
/// services tell that they were started.
/// </summary>
internal static class NodeLogs
{
    /// <summary>One service's log, the lines to come as well when it is followed.</summary>
    /// <param name="tail">Only so many of the lines that are there; all when negative.</param>
    public static async IAsyncEnumerable<string> ServiceAsync(
        TalosRun run, string id, int tail, bool follow, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (id != "machined")
        {
            string[] lines = [$"{Time(run)} [talos] service {id}: started", $"{Time(run)} [talos] service {id}: running"];
            foreach (var line in tail < 0 ? lines : lines.TakeLast(tail))
                yield return line + "\n";
            if (follow)
                await Task.Delay(Timeout.InfiniteTimeSpan, run.Pace.Clock, cancellation);
            yield break;
        }
        await foreach (var line in EventsAsync(run, tail, follow, cancellation))
            yield return $"{Time(run)} [talos] {line}\n";
    }

    /// <summary>The kernel's messages (talos.md 1.3 has the form of a line).</summary>
    /// <param name="tail">With follow: new lines only.</param>
    public static async IAsyncEnumerable<string> KernelAsync(
        TalosRun run, bool follow, bool tail, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var line in MessagesAsync(run, follow, tail, cancellation))
            yield return $"{line.Facility}: {line.Priority,7}: [{Time(run)}]: {line.Text}\n";
    }

    /// <summary>The same, in parts.</summary>
    public static async IAsyncEnumerable<KernelMessage> MessagesAsync(
        TalosRun run, bool follow, bool tail, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (!tail)
            yield return new("kern", "notice", "Linux version 6.12.0-talos");
        await foreach (var line in EventsAsync(run, tail ? 0 : -1, follow, cancellation))
            yield return new("user", "warning", $"[talos] {line}");
    }

    private static async IAsyncEnumerable<string> EventsAsync(
        TalosRun run, int tail, bool follow, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var last = run.Events.Before(0);
        if (!follow && last == "")
            yield break;
        await foreach (var found in run.Events.AfterAsync(run.Events.Before(tail), cancellation))
        {
            yield return Line(found);
            if (!follow && string.CompareOrdinal(found.Id, last) >= 0)
                yield break;
        }
    }

    private static string Line(NodeEvent found) => found.Payload switch
    {
        SequenceEvent sequence => $"{sequence.Sequence} sequence: {sequence.Action} {sequence.Error?.Message}".TrimEnd(),
        PhaseEvent phase => $"phase {phase.Phase}: {phase.Action}",
        TaskEvent task => $"task {task.Task}: {task.Action}",
        MachineStatusEvent status => $"machine is {status.Stage}, ready {status.Status.Ready}",
        _ => found.Payload.Descriptor.Name,
    };

    /// <summary>The node's own clock, as it writes it.</summary>
    public static string Time(TalosRun run) =>
        run.Pace.Clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
}
