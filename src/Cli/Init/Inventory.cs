using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Init;

/// <summary>What a cluster can be made of: the images of the fleet, and the machines of one rack.</summary>
internal sealed record Inventory(Rack Rack, IReadOnlyList<Image> Images, IReadOnlyList<Node> Nodes)
{
    /// <summary>The machines that may become members.</summary>
    public IReadOnlyList<Node> Free => [.. Nodes.Where(node => WhyNot(node) is null)];

    public static async Task<IReadOnlyList<Rack>> RacksAsync(Session session, CancellationToken cancellation) =>
        [.. (await session.Resources.ListAsync(KindTable.Rack, "", cancellation)).Cast<Rack>()];

    public static async Task<Inventory> ReadAsync(Session session, Rack rack, CancellationToken cancellation)
    {
        var images = await session.Resources.ListAsync(KindTable.Image, "", cancellation);
        var nodes = await session.Resources.ListAsync(KindTable.Node, $"status.rack = \"{rack.Metadata.Name}\"", cancellation);
        return new(rack, [.. images.Cast<Image>()], [.. nodes.Cast<Node>()]);
    }

    /// <summary>Why a machine cannot become a member, as the end of a sentence about it; null when it can.</summary>
    public static string? WhyNot(Node node)
    {
        var (spec, status) = (node.Spec ?? new(), node.Status ?? new());
        return status.Cluster != "" ? $"is a member of cluster {status.Cluster}"
            : spec.Acceptance?.State == AcceptanceState.Rejected ? "was rejected"
            : spec.Paused ? "is paused"
            : status.QuarantineReason != "" ? $"is quarantined: {Table.Printable(status.QuarantineReason)}"
            : status.Stage != MachineStage.Maintenance ? $"is not in maintenance mode{Seen(status)}"
            : status.Facts is null ? "has not told yet what it is made of"
            : null;
    }

    /// <summary>
    /// The free machine that a person calls so: by its name, a beginning of the name, a MAC address or its serial number. A sentence when
    /// there is not exactly one.
    /// </summary>
    public (Node? Node, string Problem) Find(string called)
    {
        var exact = Nodes.Where(node => node.Metadata.Name == called).ToArray();
        var fits = exact.Length == 1 ? exact : [.. Nodes.Where(node => IsCalled(node, called))];
        return fits switch
        {
            [var node] => WhyNot(node) is { } reason ? (null, $"{node.Metadata.Name} {reason}") : (node, ""),
            [] => (null, $"rack {Rack.Metadata.Name} has no machine '{called}'; free are {Names(Free)}"),
            _ => (null, $"'{called}' fits {fits.Length} machines, {Names(fits)}; say more of the name"),
        };
    }

    private static bool IsCalled(Node node, string called) =>
        node.Metadata.Name.StartsWith(called, StringComparison.OrdinalIgnoreCase)
        || (Primitives.MacAddress.TryParse(called, out var mac)
            && node.Status.Macs.Any(text => Primitives.MacAddress.TryParse(text, out var own) && own == mac))
        || (node.Status.Facts is { Serial: not "" } facts && facts.Serial == called);

    private static string Seen(NodeStatus status) =>
        status.LastSeenTime is null ? "" : $"; it was seen last at {Words.Time(status.LastSeenTime)}";

    private static string Names(IReadOnlyCollection<Node> nodes) =>
        nodes.Count == 0 ? "none" : string.Join(", ", nodes.Select(node => node.Metadata.Name));
}
