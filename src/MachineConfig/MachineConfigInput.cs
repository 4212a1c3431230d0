using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>The kind of machine that a config makes.</summary>
public enum MachineType
{
    ControlPlane,
    Worker,
}

/// <summary>Everything that a machine config is generated from.</summary>
/// <param name="TalosVersion">Its minor is the version contract (talos.md 5.4).</param>
/// <param name="KubernetesVersion">With leading v.</param>
/// <param name="Endpoint">https://HOST:PORT of the Kubernetes API.</param>
/// <param name="InstallDisk">A device path.</param>
/// <param name="InstallImage">The installer's image reference.</param>
public sealed record MachineConfigInput(
    SemanticVersion TalosVersion, SemanticVersion KubernetesVersion, string ClusterName, Uri Endpoint, string Hostname,
    string InstallDisk, string InstallImage)
{
    public IReadOnlyList<string> PodSubnets { get; init; } = ["10.244.0.0/16"];

    public IReadOnlyList<string> ServiceSubnets { get; init; } = ["10.96.0.0/12"];

    public IReadOnlyList<string> CertSans { get; init; } = [];
}
