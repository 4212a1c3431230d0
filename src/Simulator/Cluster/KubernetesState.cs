namespace Cozy.Fleet.Simulator.Cluster;

/// <summary>A Node object, as far as it is looked at.</summary>
internal sealed class KubernetesNode(string name)
{
    public string Name => name;

    public string Address { get; set; } = "";

    public bool IsControlPlane { get; set; }

    public bool Ready { get; set; }

    public bool Unschedulable { get; set; }

    public Dictionary<string, string> Annotations { get; } = [];

    public string BootId { get; set; } = "";

    public string MachineId { get; set; } = "";

    public string KubeletVersion { get; set; } = "";

    public string OsImage { get; set; } = "";
}

/// <summary>A pod that runs on a node.</summary>
internal sealed record KubernetesPod(string Namespace, string Name, string Uid, string Node, string OwnerKind);

/// <summary>What the API server of a simulated cluster holds. Callers hold the cluster's lock.</summary>
internal sealed class KubernetesState
{
    private int podNumber;

    public Dictionary<string, KubernetesNode> Nodes { get; } = [];

    public List<KubernetesPod> Pods { get; } = [];

    /// <summary>The kubelet registers its node; its DaemonSet pod comes with it, and two workload pods at the first time.</summary>
    public KubernetesNode Register(string name)
    {
        if (Nodes.TryGetValue(name, out var node))
            return node;
        node = Nodes[name] = new(name);
        Add("kube-system", "kube-proxy", name, "DaemonSet");
        Add("default", "web", name, "ReplicaSet");
        Add("default", "web", name, "ReplicaSet");
        return node;
    }

    /// <summary>The pod goes; its controller starts another one where it may.</summary>
    public bool Evict(string @namespace, string name)
    {
        if (Pods.Find(p => p.Namespace == @namespace && p.Name == name) is not { } pod)
            return false;
        Pods.Remove(pod);
        var target = Nodes.Values.Where(n => n.Ready && !n.Unschedulable && n.Name != pod.Node)
            .OrderBy(n => Pods.Count(p => p.Node == n.Name)).ThenBy(n => n.Name, StringComparer.Ordinal).FirstOrDefault();
        if (target is not null)
            Add(pod.Namespace, "web", target.Name, pod.OwnerKind);
        return true;
    }

    private void Add(string @namespace, string prefix, string node, string ownerKind)
    {
        var number = ++podNumber;
        Pods.Add(new(@namespace, $"{prefix}-{number:x5}", $"pod-{number:x8}", node, ownerKind));
    }
}
