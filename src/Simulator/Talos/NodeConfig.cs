using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>A machine config as a node accepts it: the checks of talos.md 5.8, and the values that the simulation needs.</summary>
internal sealed class NodeConfig
{
    private static readonly string[] RootKeys = ["version", "debug", "persist", "machine", "cluster"];

    private static readonly string[] MachineKeys =
    [
        "type", "token", "ca", "acceptedCAs", "certSANs", "controlPlane", "kubelet", "pods", "network", "disks", "install", "files",
        "env", "time", "sysctls", "sysfs", "registries", "systemDiskEncryption", "features", "udev", "logging", "kernel",
        "seccompProfiles", "baseRuntimeSpecOverrides", "nodeLabels", "nodeAnnotations", "nodeTaints",
    ];

    private static readonly string[] ClusterKeys =
    [
        "id", "secret", "controlPlane", "clusterName", "network", "token", "aescbcEncryptionSecret", "secretboxEncryptionSecret", "ca",
        "acceptedCAs", "aggregatorCA", "serviceAccount", "apiServer", "controllerManager", "proxy", "scheduler", "discovery", "etcd",
        "coreDNS", "externalCloudProvider", "extraManifests", "extraManifestHeaders", "inlineManifests", "adminKubeconfig",
        "allowSchedulingOnControlPlanes",
    ];

    private readonly YamlNode main;
    private readonly string hostname;

    private NodeConfig(YamlNode main, string hostname) => (this.main, this.hostname) = (main, hostname);

    public bool IsControlPlane => Text("machine", "type") == "controlplane";

    public string Hostname => hostname;

    public string InstallImage => Text("machine", "install", "image");

    public string ClusterId => Text("cluster", "id");

    public string ClusterName => Text("cluster", "clusterName");

    public Uri Endpoint => new(Text("cluster", "controlPlane", "endpoint"));

    public string OsCaCertificate => Pem("machine", "ca", "crt");

    public string OsCaKey => Pem("machine", "ca", "key");

    public string KubernetesCaCertificate => Pem("cluster", "ca", "crt");

    public string KubernetesCaKey => Pem("cluster", "ca", "key");

    public string KubeletVersion => Text("machine", "kubelet", "image").Split(':')[^1];

    /// <summary>Reads and checks. The refusals are in Talos' manner; an empty list is acceptance.</summary>
    public static NodeConfig? TryRead(string yaml, IReadOnlyCollection<string> disks, int talosMinor, out List<string> refusals)
    {
        refusals = [];
        var documents = Documents(yaml, refusals);
        var main = documents.Find(d => At(d, "kind") is null);
        if (main is null)
        {
            refusals.Add("the v1alpha1 config is required");
            return null;
        }
        var names = documents.Where(d => Scalar(d, "kind") == "HostnameConfig").Select(d => Scalar(d, "hostname")).FirstOrDefault();
        if (names is not null && talosMinor < 12)
            refusals.Add("\"HostnameConfig\" \"v1alpha1\": not registered");
        var config = new NodeConfig(main, names ?? Scalar(main, "machine", "network", "hostname"));
        refusals.AddRange(UnknownKeys(main));
        refusals.AddRange(config.Problems(disks));
        return refusals.Count == 0 ? config : null;
    }

    private static List<YamlNode> Documents(string yaml, List<string> refusals)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            return [.. stream.Documents.Select(d => d.RootNode)];
        }
        catch (YamlException exception)
        {
            refusals.Add($"yaml: line {exception.Start.Line}: {exception.Message}");
            return [];
        }
    }

    // Strict decoding: a key that this release does not know is an error (talos.md 0, trap 5).
    private static IEnumerable<string> UnknownKeys(YamlNode main) =>
        Unknown(main, RootKeys, "").Concat(Unknown(At(main, "machine"), MachineKeys, "machine."))
            .Concat(Unknown(At(main, "cluster"), ClusterKeys, "cluster."));

    private static IEnumerable<string> Unknown(YamlNode? node, string[] known, string prefix) => node is not YamlMappingNode map ? [] :
        map.Children.Keys.OfType<YamlScalarNode>().Where(k => !known.Contains(k.Value))
            .Select(k => $"unknown keys found during decoding: {prefix}{k.Value}");

    private IEnumerable<string> Problems(IReadOnlyCollection<string> disks)
    {
        if (Text("machine", "type") is not ("controlplane" or "worker"))
            yield return "unknown machine type \"" + Text("machine", "type") + "\"";
        if (!disks.Contains(Text("machine", "install", "disk")))
            yield return $"the install disk \"{Text("machine", "install", "disk")}\" does not exist";
        if (!Uri.TryCreate(Text("cluster", "controlPlane", "endpoint"), UriKind.Absolute, out _))
            yield return "the cluster's control plane endpoint must be a URL";
        if (Text("persist") != "true")
            yield return "persist should be enabled";
        if (IsControlPlane && (Text("machine", "ca", "key") == "" || Text("cluster", "ca", "key") == ""))
            yield return "a control plane needs the CA with its key";
        if (!IsControlPlane && (Text("machine", "ca", "key") != "" || Text("cluster", "ca", "key") != ""))
            yield return "issuing CA key is not allowed on a worker";
        if (!IsControlPlane && At(main, "cluster", "etcd") is not null)
            yield return "etcd is not allowed on a worker";
    }

    private string Text(params string[] path) => Scalar(main, path);

    private string Pem(params string[] path) => Encoding.ASCII.GetString(Convert.FromBase64String(Text(path)));

    private static string Scalar(YamlNode node, params string[] path) => (At(node, path) as YamlScalarNode)?.Value ?? "";

    private static YamlNode? At(YamlNode? node, params string[] path)
    {
        foreach (var key in path)
            node = node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;
        return node;
    }
}
