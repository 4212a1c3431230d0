using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>The kind of machine that a config makes.</summary>
public enum MachineType
{
    ControlPlane,
    Worker,
}

/// <summary>Everything that a machine config is generated from.</summary>
/// <param name="KubernetesVersion">With leading v.</param>
/// <param name="Endpoint">https://HOST:PORT of the Kubernetes API.</param>
/// <param name="InstallDisk">A device path.</param>
/// <param name="InstallImage">The installer's image reference.</param>
public sealed record MachineConfigInput(
    SemanticVersion TalosVersion, SemanticVersion KubernetesVersion, string ClusterName, Uri Endpoint, string Hostname,
    string InstallDisk, string InstallImage)
{
    /// <summary>
    /// The version contract: whose form the config has (talos.md 5.4). Never newer than the machine.
    /// </summary>
    public SemanticVersion Contract { get; init; } = ContractFor(TalosVersion);

    public IReadOnlyList<string> PodSubnets { get; init; } = ["10.244.0.0/16"];

    public IReadOnlyList<string> ServiceSubnets { get; init; } = ["10.96.0.0/12"];

    /// <summary>
    /// The contract that fits a release: its own up to 1.13, and 1.13 for newer ones. These honour its form, and every patch written for it
    /// goes on to work, while most of its fields conflict with the documents of 1.14.
    /// </summary>
    public static SemanticVersion ContractFor(SemanticVersion talos) => talos.IsAtLeast(1, 14) ? new(1, 13, 0) : talos;

    /// <summary>More names and addresses for the certificates of the machine API and of the Kubernetes API.</summary>
    public IReadOnlyList<string> CertSans { get; init; } = [];
}
