using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>What a whole machine config says of its cluster, in fields or in documents. What it does not say is empty.</summary>
/// <param name="Endpoint">The URL of the Kubernetes API.</param>
/// <param name="TalosVersion">Of the installer, with leading v; so is the Kubernetes version, the kubelet's.</param>
public sealed record ConfigSummary(string Name, string Endpoint, string TalosVersion, string KubernetesVersion)
{
    public MachineType Type { get; init; } = MachineType.Worker;

    /// <summary>Reads a whole config, as a node runs it.</summary>
    /// <param name="refusal">One sentence with the line; empty when there is none.</param>
    public static ConfigSummary? TryRead(string config, out string refusal)
    {
        refusal = "";
        try
        {
            return Of(ConfigPatch.Documents(config).ConvertAll(ConfigLeaf.Root));
        }
        catch (Exception exception) when (exception is FormatException or YamlDotNet.Core.YamlException)
        {
            refusal = exception.Message;
            return null;
        }
    }

    internal static ConfigSummary Of(IReadOnlyList<ConfigLeaf> roots)
    {
        string First(params string[] texts) => Array.Find(texts, text => text != "") ?? "";
        string In(string kind, params string[] path) => roots.FirstOrDefault(root => root.Kind == kind)?.Text(path) ?? "";
        return new(
            First(In("", "cluster", "clusterName"), In("KubeClusterConfig", "clusterName")),
            First(In("", "cluster", "controlPlane", "endpoint"), In("KubeClusterConfig", "endpoint")),
            Tag(First(In("", "machine", "install", "image"), In("UnattendedInstallConfig", "installer", "image"))),
            Tag(First(In("", "machine", "kubelet", "image"), In("KubeletConfig", "image"))))
        {
            Type = In("", "machine", "type") is "controlplane" or "init" ? MachineType.ControlPlane : MachineType.Worker,
        };
    }

    /// <summary>A version with its v; empty when it is none.</summary>
    internal static string Version(string text) =>
        SemanticVersion.TryParse(text.StartsWith('v') ? text : "v" + text, out var version) ? version.ToString() : "";

    private static string Tag(string image) => Version(image.Split('@')[0].Split(':')[^1]);
}
