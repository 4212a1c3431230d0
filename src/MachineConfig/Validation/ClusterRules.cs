using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>What must be right in <c>cluster</c>, and that Kubernetes is one that the release runs.</summary>
internal static class ClusterRules
{
    private static readonly string[] Identity = ["id", "secret"];

    public static IEnumerable<ConfigProblem> Problems(WholeConfig config, ConfigLeaf main)
    {
        if (main.Find("cluster") is not { } cluster)
            return [main.Missing("cluster", "without it the machine belongs to no cluster")];
        return Endpoint(config, cluster).Concat(Network(cluster)).Concat(Manifests(cluster)).Concat(Discovery(cluster))
            .Concat(Versions(config, main));
    }

    private static IEnumerable<ConfigProblem> Endpoint(WholeConfig config, ConfigLeaf cluster)
    {
        if (cluster.Find("controlPlane", "endpoint") is { } endpoint)
        {
            if (!Uri.TryCreate(endpoint.Text(), UriKind.Absolute, out var uri) || uri.Host == "")
                yield return endpoint.Problem($"{endpoint.Place} is a URL such as https://10.0.0.10:6443, not {endpoint.Text()}.");
        }
        else if (!config.Has("KubeClusterConfig"))
            yield return cluster.Missing("controlPlane.endpoint", "it is the URL of the Kubernetes API");
    }

    private static IEnumerable<ConfigProblem> Network(ConfigLeaf cluster)
    {
        if (cluster.Find("network", "cni") is not { } cni)
            yield break;
        if (cni.Text("name") is not ("flannel" or "custom" or "none") and var name)
            yield return cni.Problem($"{cni.Place}.name is flannel, custom or none, not {name}.");
        if (cni.Text("name") != "custom" && cni.List("urls") is [var url, ..])
            yield return url.Problem($"{cni.Place}.urls are for the CNI custom only.");
        if (cni.Text("name") != "flannel" && cni.List("flannel", "extraArgs") is [var argument, ..])
            yield return argument.Problem($"{cni.Place}.flannel.extraArgs are for the CNI flannel only.");
    }

    private static IEnumerable<ConfigProblem> Manifests(ConfigLeaf cluster)
    {
        var inline = cluster.List("inlineManifests");
        foreach (var manifest in inline.Where(m => m.Text("name") == ""))
            yield return manifest.Problem($"{manifest.Place} has no name, and needs one.");
        foreach (var manifest in inline.Where(m => m.Text("name") != "").GroupBy(m => m.Text("name")).SelectMany(group => group.Skip(1)))
            yield return manifest.Problem($"{manifest.Place} has the name {manifest.Text("name")} of another manifest.");
        if (cluster.Find("externalCloudProvider") is { } provider && !provider.IsTrue("enabled") && provider.List("manifests").Length > 0)
            yield return provider.Problem($"{provider.Place} has manifests and is not enabled.");
        if (cluster.Find("etcd", "subnet") is { } subnet && cluster.List("etcd", "advertisedSubnets").Length > 0)
            yield return subnet.Problem($"{subnet.Place} and advertisedSubnets say the same thing, and only one of them may be there.");
    }

    private static IEnumerable<ConfigProblem> Discovery(ConfigLeaf cluster)
    {
        if (!cluster.IsTrue("discovery", "enabled") || cluster.IsTrue("discovery", "registries", "service", "disabled"))
            yield break;
        foreach (var key in Identity.Where(key => cluster.Text(key) == ""))
            yield return cluster.Missing(key, "discovery needs it");
    }

    // A node looks at the tags of the images.
    private static IEnumerable<ConfigProblem> Versions(WholeConfig config, ConfigLeaf main)
    {
        string[] ofControlPlanes = config.IsControlPlane ? ["apiServer", "controllerManager", "scheduler"] : [];
        string[] documents = ["KubeletConfig", "KubeAPIServerConfig", "KubeControllerManagerConfig", "KubeSchedulerConfig"];
        var images = ofControlPlanes.Select(component => main.Find("cluster", component, "image"))
            .Prepend(main.Find("machine", "kubelet", "image"))
            .Concat(documents.SelectMany(kind => config.Documents(kind).Select(d => d.Find("image"))));
        foreach (var image in images.OfType<ConfigLeaf>())
        {
            var tag = image.Text().Split('@')[0].Split(':')[^1];
            if (!tag.StartsWith('v') || !SemanticVersion.TryParse(tag, out var kubernetes))
                yield return image.Problem(
                    $"{image.Place} has the version of Kubernetes as its tag, such as v1.36.3, unlike {image.Text()}.");
            else if (VersionRules.Problem(config.Talos, kubernetes) is { } problem)
                yield return image.Problem($"{image.Place}: {problem}");
        }
    }
}
