using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Demo.Screens;

/// <summary>What the boards show.</summary>
internal static class Boards
{
    public static Board Machines(IEnumerable<Node> nodes) => new(
        "machines", ["node", "hostname", "role", "firmware", "address", "Talos", "phase", "waits for"],
        [.. nodes.Select(Machine)]);

    public static Board Rollout(Rollout rollout) => new(
        $"{rollout.Metadata.Name}: {rollout.Status.State}", ["node", "role", "from", "to", "state", "step", "down", "waits for"],
        [.. rollout.Status.Nodes.Select(Step)]);

    public static string RoleName(Role role) => role switch
    {
        Role.ControlPlane => "control-plane",
        Role.Worker => "worker",
        _ => "",
    };

    /// <summary>The coordinator's own words.</summary>
    public static string Words(Waiting? waiting) => waiting switch
    {
        null => "",
        { Observed: "" } => waiting.WaitsFor,
        _ => $"{waiting.WaitsFor} ({waiting.Observed})",
    };

    private static BoardRow Machine(Node node)
    {
        var (status, name) = (node.Status, node.Metadata.Name[..Math.Min(13, node.Metadata.Name.Length)]);
        var shown = status.Hostname == "" ? name : status.Hostname;
        return new(node.Metadata.Name, $"{shown}: {status.Phase}",
        [
            name, status.Hostname, RoleName(status.Role), status.Firmware.ToString(), status.Address, status.TalosVersion,
            status.Phase.ToString(), Words(status.Waiting),
        ]);
    }

    private static BoardRow Step(RolloutNode node)
    {
        var (start, end) = (node.DisruptionStartTime?.ToDateTimeOffset(), node.DisruptionEndTime?.ToDateTimeOffset());
        var down = start is null ? "" : end is null ? "…" : Stopwatches.Show((end - start).Value.TotalSeconds);
        var step = node.State == RolloutNodeState.InFlight ? node.Step : "";
        return new(node.Node, $"{node.Hostname}: {node.State} {step}".TrimEnd(),
        [
            node.Hostname, RoleName(node.Role), node.FromVersion, node.ToVersion, node.State.ToString(), step, down,
            node.Message == "" ? Words(node.Waiting) : node.Message,
        ]);
    }
}
