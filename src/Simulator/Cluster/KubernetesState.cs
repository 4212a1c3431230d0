namespace Cozy.Fleet.Simulator.Cluster;

/// <summary>A Node object, as far as it is looked at.</summary>
internal sealed class KubernetesNode(string name, string uid)
{
    public string Name => name;

    public string Uid => uid;

    /// <summary>Another one whenever the object says something else.</summary>
    public string ResourceVersion =>
        $"{(uint)HashCode.Combine(Address, Ready, Unschedulable, string.Join(' ', Annotations), BootId, KubeletVersion)}";

    public string Address { get; set; } = "";

    public bool IsControlPlane { get; set; }

    public bool Ready { get; set; }

    public bool Unschedulable { get; set; }

    public Dictionary<string, string> Annotations { get; } = [];

    public string BootId { get; set; } = "";

    public string KubeletVersion { get; set; } = "";

    public string OsImage { get; set; } = "";
}

/// <summary>A pod. Without a node it waits for one.</summary>
internal sealed record KubernetesPod(string Namespace, string Name, string App, string Uid, string Node, string OwnerKind);

/// <summary>A PodDisruptionBudget: how many of an app's pods must stay.</summary>
internal sealed record DisruptionBudget(string Namespace, string Name, string App, int MinAvailable);

/// <summary>How an eviction went.</summary>
internal enum Eviction
{
    Done,
    NotFound,
    Refused,
}

/// <summary>What the API server of a simulated cluster holds. Callers hold the cluster's lock.</summary>
internal sealed class KubernetesState
{
    private int podNumber;
    private int nodeNumber;

    public Dictionary<string, KubernetesNode> Nodes { get; } = [];

    public List<KubernetesPod> Pods { get; } = [];

    public List<DisruptionBudget> Budgets { get; } = [];

    /// <summary>The kubelet registers its node; its DaemonSet pod comes with it, and two workload pods at the first time.</summary>
    public KubernetesNode Register(string name)
    {
        if (Nodes.TryGetValue(name, out var node))
            return node;
        node = Nodes[name] = new(name, $"node-{++nodeNumber:x8}");
        Add("kube-system", "kube-proxy", name, "DaemonSet");
        Add("default", "web", name, "ReplicaSet");
        Add("default", "web", name, "ReplicaSet");
        return node;
    }

    /// <summary>The pod goes, unless a budget keeps it; its controller starts another one where it may.</summary>
    public Eviction Evict(string @namespace, string name)
    {
        if (Pods.Find(p => p.Namespace == @namespace && p.Name == name) is not { } pod)
            return Eviction.NotFound;
        if (Budgets.Exists(b => b.Namespace == pod.Namespace && b.App == pod.App && DisruptionsAllowed(b) < 1))
            return Eviction.Refused;
        Pods.Remove(pod);
        Add(pod.Namespace, pod.App, "", pod.OwnerKind);
        Schedule();
        return Eviction.Done;
    }

    /// <summary>The Node goes, and its pods with it; their controllers start others where they may.</summary>
    public void Delete(string name)
    {
        Nodes.Remove(name);
        foreach (var pod in Pods.FindAll(p => p.Node == name))
        {
            Pods.Remove(pod);
            if (pod.OwnerKind != "DaemonSet")
                Add(pod.Namespace, pod.App, "", pod.OwnerKind);
        }
        Schedule();
    }

    /// <summary>Evicts what may go from a node and returns how many pods are left, DaemonSets not counted.</summary>
    public int Drain(string node)
    {
        foreach (var pod in Pods.FindAll(p => p.Node == node && p.OwnerKind != "DaemonSet"))
            Evict(pod.Namespace, pod.Name);
        return Pods.Count(p => p.Node == node && p.OwnerKind != "DaemonSet");
    }

    /// <summary>How many more pods of a budget's app may go now; those on a node that is down are gone already.</summary>
    public int DisruptionsAllowed(DisruptionBudget budget) => Math.Max(0, Pods.Count(p =>
        p.Namespace == budget.Namespace && p.App == budget.App && Nodes.TryGetValue(p.Node, out var node) && node.Ready) - budget.MinAvailable);

    /// <summary>Pods that wait get a node, if one takes them: the one with the fewest.</summary>
    public void Schedule()
    {
        for (var at = 0; at < Pods.Count; at++)
        {
            if (Pods[at].Node == "" && Target() is { } target)
                Pods[at] = Pods[at] with { Node = target.Name };
        }
    }

    private KubernetesNode? Target() => Nodes.Values.Where(n => n.Ready && !n.Unschedulable)
        .OrderBy(n => Pods.Count(p => p.Node == n.Name)).ThenBy(n => n.Name, StringComparer.Ordinal).FirstOrDefault();

    private void Add(string @namespace, string app, string node, string ownerKind)
    {
        var number = ++podNumber;
        Pods.Add(new(@namespace, $"{app}-{number:x5}", app, $"pod-{number:x8}", node, ownerKind));
    }
}
