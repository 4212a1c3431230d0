using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>A file of a directory that another tool left, with its path in that directory.</summary>
public sealed record LayoutFile(string Path, string Text);

/// <summary>A machine of an imported cluster.</summary>
/// <param name="Address">Where it is reached; empty when the layout does not say.</param>
/// <param name="Patches">For this machine alone.</param>
public sealed record ImportedNode(string Name, string Address, MachineType Type, EquatableArray<string> Patches);

/// <summary>What a directory of another tool says of its cluster. What it does not say is empty.</summary>
/// <param name="Tool">talosctl, talm, topf or talhelper.</param>
/// <param name="Endpoint">The URL of the Kubernetes API.</param>
public sealed record ImportedCluster(string Tool, string Name, string Endpoint, SecretsBundle Secrets)
{
    /// <summary>With leading v.</summary>
    public string TalosVersion { get; init; } = "";

    /// <summary>With leading v.</summary>
    public string KubernetesVersion { get; init; } = "";

    /// <summary>For every machine, in their order.</summary>
    public EquatableArray<string> Patches { get; init; } = [];

    /// <summary>After <see cref="Patches"/>, for control planes.</summary>
    public EquatableArray<string> ControlPlanePatches { get; init; } = [];

    /// <summary>After <see cref="Patches"/>, for workers.</summary>
    public EquatableArray<string> WorkerPatches { get; init; } = [];

    public EquatableArray<ImportedNode> Nodes { get; init; } = [];

    /// <summary>What was there and is not taken over, a sentence each: the coordinator sets it itself, or it has no place here.</summary>
    public EquatableArray<string> Left { get; init; } = [];

    /// <summary>Hides the content: a cluster that ends up in a log line shows nothing.</summary>
    public override string ToString() => $"ImportedCluster {Name}";
}
