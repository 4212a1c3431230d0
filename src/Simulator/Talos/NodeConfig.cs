using System.Net;
using System.Text;
using Cozy.Fleet.Primitives;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>A machine config that a node accepted, and the values of it that the simulation needs.</summary>
internal sealed class NodeConfig
{
    // Fields of machine that take effect after a reboot only (talos.md 5.7).
    private static readonly string[] Cold =
        ["type", "token", "files", "disks", "env", "udev", "systemDiskEncryption", "baseRuntimeSpecOverrides"];

    private readonly YamlNode main;

    private NodeConfig(string yaml, YamlNode main, IReadOnlyList<YamlNode> documents)
    {
        (Yaml, this.main) = (yaml, main);
        Hostname = Document(documents, "HostnameConfig").Scalar("hostname") is { Length: > 0 } name ? name : main.Scalar("machine", "network", "hostname");
        EventSink = Document(documents, "EventSinkConfig").Scalar("endpoint");
        KernelLogs = [.. documents.Where(d => d.Scalar("kind") == "KmsgLogConfig").Select(d => d.Scalar("url"))];
        Address = StaticAddress(main, documents);
    }

    /// <summary>The text as it was applied.</summary>
    public string Yaml { get; }

    public bool IsControlPlane => Text("machine", "type") == "controlplane";

    public string Hostname { get; }

    /// <summary>Where events are pushed to; empty when a document does not say.</summary>
    public string EventSink { get; }

    /// <summary>Where the kernel's log is sent to, beside what the kernel's argument says.</summary>
    public IReadOnlyList<string> KernelLogs { get; }

    /// <summary>The first address that a link is given without DHCP; null leaves it to DHCP.</summary>
    public IPAddress? Address { get; }

    public string InstallImage => Text("machine", "install", "image");

    public string ClusterId => Text("cluster", "id");

    public string ClusterName => Text("cluster", "clusterName");

    public Uri Endpoint => new(Text("cluster", "controlPlane", "endpoint"));

    public string OsCaCertificate => Pem("machine", "ca", "crt");

    /// <summary>Whose client certificates are accepted: machine.ca and acceptedCAs (talos.md 4.5).</summary>
    public IEnumerable<string> TrustedCas =>
    [
        OsCaCertificate,
        .. ((main.At("machine", "acceptedCAs") as YamlSequenceNode)?.Children ?? []).Select(ca => Decode(ca.Scalar("crt"))),
    ];

    /// <summary>A client certificate must be for clientAuth alone; a switch up to 1.11 (talos.md 4.5).</summary>
    public bool ChecksUsage => Text("machine", "features", "apidCheckExtKeyUsage") == "true";

    /// <summary>Roles count; a switch up to 1.11, and without it everybody is admin (talos.md 4.5).</summary>
    public bool ChecksRoles => Text("machine", "features", "rbac") == "true";

    public string OsCaKey => Pem("machine", "ca", "key");

    public string KubernetesCaCertificate => Pem("cluster", "ca", "crt");

    public string KubernetesCaKey => Pem("cluster", "ca", "key");

    public string KubeletVersion => Text("machine", "kubelet", "image").Split(':')[^1];

    /// <summary>What is accepted and told nevertheless.</summary>
    public IReadOnlyList<string> Warnings =>
        main.At("machine", "install", "extensions") is null ? [] : [".machine.install.extensions is deprecated, build an image with the extensions instead"];

    /// <summary>Reads and checks; the refusal is in Talos' manner.</summary>
    public static NodeConfig? TryRead(string yaml, IReadOnlyCollection<string> disks, SemanticVersion talos, out ConfigRefusal? refusal)
    {
        List<YamlNode> documents;
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            documents = [.. stream.Documents.Select(d => d.RootNode)];
        }
        catch (YamlException exception)
        {
            refusal = new(IsDecoding: true, $"yaml: line {exception.Start.Line}: {exception.Message}");
            return null;
        }
        var undecodable = string.Join("; ", ConfigRules.DecodingProblems(documents, talos));
        var problems = undecodable == "" ? string.Join("; ", ConfigRules.Problems(documents, disks, talos)) : undecodable;
        refusal = problems == "" ? null : new(undecodable != "", problems);
        return refusal is null ? new(yaml, documents.Find(d => d.At("kind") is null)!, documents) : null;
    }

    /// <summary>What of another config cannot take effect without a reboot.</summary>
    public IEnumerable<string> ColdChanges(NodeConfig other) => Cold
        .Where(key => !Equals(main.At("machine", key), other.main.At("machine", key)))
        .Select(key => "machine." + key);

    private static IPAddress? StaticAddress(YamlNode main, IReadOnlyList<YamlNode> documents)
    {
        var links = Items(main.At("machine", "network", "interfaces")).Where(link => link.Scalar("dhcp") != "true");
        var prefixes = links.SelectMany(link => Items(link.At("addresses")).Select(address => address.Scalar()))
            .Concat(documents.Where(d => d.Scalar("kind") == "LinkConfig").SelectMany(d => Items(d.At("addresses"))).Select(a => a.Scalar("address")));
        return prefixes.Select(prefix => IPAddress.TryParse(prefix.Split('/')[0], out var address) ? address : null)
            .FirstOrDefault(address => address is not null);
    }

    private static IEnumerable<YamlNode> Items(YamlNode? list) => (list as YamlSequenceNode)?.Children ?? [];

    private string Text(params string[] path) => main.Scalar(path);

    private string Pem(params string[] path) => Decode(Text(path));

    private static string Decode(string base64) => Encoding.ASCII.GetString(Convert.FromBase64String(base64));

    private static YamlNode? Document(IReadOnlyList<YamlNode> documents, string kind) => documents.FirstOrDefault(d => d.Scalar("kind") == kind);
}

/// <summary>Why a node does not take a config.</summary>
/// <param name="IsDecoding">It could not be read at all; else it was read and is not valid.</param>
internal sealed record ConfigRefusal(bool IsDecoding, string Sentence);

/// <summary>Looks into YAML trees that may hold anything.</summary>
internal static class YamlLook
{
    public static YamlNode? At(this YamlNode? node, params string[] path)
    {
        foreach (var key in path)
            node = node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;
        return node;
    }

    public static string Scalar(this YamlNode? node, params string[] path) => (node.At(path) as YamlScalarNode)?.Value ?? "";
}
