using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Layouts;

/// <summary>What a whole machine config says of its cluster, in fields or in documents.</summary>
internal sealed record ConfigSummary(string Name, string Endpoint, string TalosVersion, string KubernetesVersion)
{
    public static ConfigSummary Of(IReadOnlyList<ConfigLeaf> roots)
    {
        string First(params string[] texts) => Array.Find(texts, text => text != "") ?? "";
        string In(string kind, params string[] path) => roots.FirstOrDefault(root => root.Kind == kind)?.Text(path) ?? "";
        return new(
            First(In("", "cluster", "clusterName"), In("KubeClusterConfig", "clusterName")),
            First(In("", "cluster", "controlPlane", "endpoint"), In("KubeClusterConfig", "endpoint")),
            Tag(First(In("", "machine", "install", "image"), In("UnattendedInstallConfig", "installer", "image"))),
            Tag(First(In("", "machine", "kubelet", "image"), In("KubeletConfig", "image"))));
    }

    /// <summary>A version with its v; empty when it is none.</summary>
    public static string Version(string text) =>
        SemanticVersion.TryParse(text.StartsWith('v') ? text : "v" + text, out var version) ? version.ToString() : "";

    private static string Tag(string image) => Version(image.Split('@')[0].Split(':')[^1]);
}
