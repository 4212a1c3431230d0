using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Generate;

/// <summary>One config that is being generated, and the words that both forms share.</summary>
internal sealed record Generation(MachineConfigInput Input, SecretsBundle Secrets, MachineType Type)
{
    public const int KubePrismPort = 7445;

    /// <summary>Keeps load balancers outside of the cluster from sending traffic to control planes.</summary>
    public const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    public bool IsControlPlane => Type == MachineType.ControlPlane;

    public string TypeName => IsControlPlane ? "controlplane" : "worker";

    public string Endpoint => Input.Endpoint.GetLeftPart(UriPartial.Authority);

    public YamlNode KubeletImage => Text($"ghcr.io/siderolabs/kubelet:{Input.KubernetesVersion}");

    /// <summary>True from this minor of the version contract on.</summary>
    public bool Since(int minor) => Input.Contract.IsAtLeast(1, minor);

    public YamlNode Image(string component) => Text($"registry.k8s.io/{component}:{Input.KubernetesVersion}");

    public YamlMappingNode Hostname() => Document("HostnameConfig", ("hostname", Text(Input.Hostname)));

    public static YamlMappingNode Document(string kind, params (string Key, YamlNode? Value)[] entries) =>
        Map([("apiVersion", Text("v1alpha1")), ("kind", Text(kind)), .. entries]);

    /// <summary>Pods of a control plane: nothing privileged outside of kube-system.</summary>
    public static YamlMappingNode PodSecurity() => Map(
        ("apiVersion", Text("pod-security.admission.config.k8s.io/v1alpha1")),
        ("defaults", Map(
            ("audit", Text("restricted")),
            ("audit-version", Text("latest")),
            ("enforce", Text("baseline")),
            ("enforce-version", Text("latest")),
            ("warn", Text("restricted")),
            ("warn-version", Text("latest")))),
        ("exemptions", Map(
            ("namespaces", List(["kube-system"])),
            ("runtimeClasses", List(Array.Empty<string>())),
            ("usernames", List(Array.Empty<string>())))),
        ("kind", Text("PodSecurityConfiguration")));

    public static YamlMappingNode AuditPolicy() => Map(
        ("apiVersion", Text("audit.k8s.io/v1")),
        ("kind", Text("Policy")),
        ("rules", List([Map(("level", Text("Metadata")))])));
}
