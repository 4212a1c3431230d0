using System.Text.Json.Nodes;
using Cozy.Fleet.Simulator.Cluster;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>The objects of a simulated cluster as JSON: the fields that clients read (rollouts.md 12).</summary>
internal static class KubernetesObjects
{
    public static JsonObject List(string kind, string version, IEnumerable<JsonObject> items) => new()
    {
        ["apiVersion"] = version,
        ["kind"] = kind,
        ["items"] = new JsonArray([.. items]),
    };

    public static JsonObject Node(KubernetesNode node) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject
        {
            ["name"] = node.Name, ["uid"] = node.Uid, ["resourceVersion"] = node.ResourceVersion,
            ["labels"] = node.IsControlPlane ? new JsonObject { ["node-role.kubernetes.io/control-plane"] = "" } : [],
            ["annotations"] = new JsonObject(node.Annotations.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)JsonValue.Create(a.Value)))),
        },
        ["spec"] = new JsonObject { ["unschedulable"] = node.Unschedulable },
        ["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = node.Ready ? "True" : "False" }),
            ["addresses"] = new JsonArray(
                new JsonObject { ["type"] = "InternalIP", ["address"] = node.Address },
                new JsonObject { ["type"] = "Hostname", ["address"] = node.Name }),
            ["nodeInfo"] = new JsonObject
            {
                ["bootID"] = node.BootId, ["kubeletVersion"] = node.KubeletVersion, ["osImage"] = node.OsImage,
            },
        },
    };

    public static JsonObject Pod(KubernetesPod pod) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject
        {
            ["namespace"] = pod.Namespace, ["name"] = pod.Name, ["uid"] = pod.Uid,
            ["labels"] = new JsonObject { ["app"] = pod.App },
            ["ownerReferences"] = new JsonArray(new JsonObject { ["kind"] = pod.OwnerKind, ["name"] = pod.App, ["controller"] = true }),
        },
        ["spec"] = new JsonObject { ["nodeName"] = pod.Node },
        ["status"] = new JsonObject { ["phase"] = pod.Node == "" ? "Pending" : "Running" },
    };

    public static JsonObject Budget(DisruptionBudget budget, int disruptionsAllowed) => new()
    {
        ["apiVersion"] = "policy/v1",
        ["kind"] = "PodDisruptionBudget",
        ["metadata"] = new JsonObject { ["namespace"] = budget.Namespace, ["name"] = budget.Name },
        ["spec"] = new JsonObject
        {
            ["minAvailable"] = budget.MinAvailable,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = budget.App } },
        },
        ["status"] = new JsonObject { ["disruptionsAllowed"] = disruptionsAllowed },
    };
}
