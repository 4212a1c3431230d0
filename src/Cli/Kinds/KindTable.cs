using Cozy.Fleet.Cli.Files;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>All kinds, and how people name them.</summary>
internal static class KindTable
{
    public static Kind Image { get; } = new("Image", ["image", "images", "img"], ImageReflection.Descriptor)
    {
        Columns = ImageRows.Columns,
        Describe = (image, _) => ImageRows.Describe((Image)image),
        Order = 0,
    };

    public static Kind Rack { get; } = new("Rack", ["rack", "racks", "rk"], RackReflection.Descriptor)
    {
        Columns = RackRows.Columns,
        Describe = (rack, now) => RackRows.Describe((Rack)rack, now),
        Order = 1,
    };

    public static Kind Node { get; } = new("Node", ["node", "nodes", "no"], NodeReflection.Descriptor)
    {
        Columns = NodeRows.Columns,
        Describe = (node, now) => NodeRows.Describe((Node)node, now),
        CanCreate = false,
        CanDelete = false,
        Order = 2,
    };

    public static Kind FleetPatch { get; } = new("FleetPatch", ["fleetpatch", "fleetpatches", "fp"], FleetPatchReflection.Descriptor)
    {
        Columns = FleetPatchRows.Columns,
        Describe = (patch, _) => FleetPatchRows.Describe((FleetPatch)patch),
        ListName = "FleetPatches",
        Order = 3,
    };

    public static Kind Cluster { get; } = new("Cluster", ["cluster", "clusters", "cl"], ClusterReflection.Descriptor)
    {
        Columns = ClusterRows.Columns,
        Describe = (cluster, now) => ClusterRows.Describe((Cluster)cluster, now),
        Order = 4,
    };

    public static Kind Rollout { get; } = new("Rollout", ["rollout", "rollouts", "ro"], RolloutReflection.Descriptor)
    {
        Columns = RolloutRows.Columns,
        Describe = (rollout, now) => RolloutRows.Describe((Rollout)rollout, now),
        CanUpdate = false,
        CanDelete = false,
        Order = 5,
    };

    public static IReadOnlyList<Kind> All { get; } = [Image, Rack, Node, FleetPatch, Cluster, Rollout];

    /// <summary>The kind that a person typed; a failure with a suggestion when there is none.</summary>
    public static Kind Named(string word) =>
        All.FirstOrDefault(kind => kind.Words.Contains(word.ToLowerInvariant())) ?? throw new Failure(
            ExitCode.Usage,
            $"There is no kind '{word}' but {string.Join(", ", All.Select(kind => kind.Plural))}"
            + (Suggestion.For(word.ToLowerInvariant(), All.SelectMany(kind => kind.Words)) is { Length: > 0 } hint ? hint : "."));
}
