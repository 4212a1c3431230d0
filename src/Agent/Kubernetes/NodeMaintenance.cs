using System.Net;
using System.Text.Json.Nodes;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Kubernetes;

/// <summary>Cordon, drain and uncordon of one node (rollouts.md 3.8), and its end.</summary>
internal sealed class NodeMaintenance(KubernetesClient kubernetes, string node, TimeProvider clock, CancellationToken cancellation)
{
    /// <summary>Names the operation that cordoned the node; only that one uncordons it (design I5).</summary>
    private const string OwnerAnnotation = "fleet.cozystack.io/cordoned-by";

    private const int DeleteTries = 5;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private string Path => $"/api/v1/nodes/{Uri.EscapeDataString(node)}";

    public async Task<KubernetesObserved> ObserveAsync()
    {
        var answer = await kubernetes.GetAsync(Path, cancellation);
        if (answer.Status == HttpStatusCode.NotFound)
            return new() { Reachable = true };
        return answer.Succeeded ? Observed(answer) : new() { Error = answer.Message };
    }

    /// <summary>Cordons, unless somebody did already: that cordon is not ours to mark.</summary>
    public async Task<string> CordonAsync(string operation)
    {
        var present = await ObserveAsync();
        if (present.Unschedulable)
            return present.CordonOwner == operation ? "cordoned before" : "somebody else's cordon is left as it is";
        await PatchAsync(true, operation);
        return "cordoned";
    }

    public async Task<string> UncordonAsync(string operation)
    {
        var present = await ObserveAsync();
        if (present.CordonOwner != operation)
            return "not our cordon; left as it is";
        await PatchAsync(false, null);
        return "uncordoned";
    }

    /// <summary>Evicts every pod that may go, and waits until they are gone.</summary>
    /// <returns>Null, or which pods are left and why.</returns>
    public async Task<string?> DrainAsync(TimeSpan timeout)
    {
        var end = clock.GetUtcNow() + timeout;
        while (true)
        {
            var blockers = new List<string>();
            foreach (var pod in await EvictableAsync())
            {
                if (await EvictAsync(pod) is { } blocker)
                    blockers.Add(blocker);
            }
            var left = await EvictableAsync();
            if (left.Count == 0)
                return null;
            if (clock.GetUtcNow() >= end)
                return $"{left.Count} pods are left: {string.Join("; ", blockers.DefaultIfEmpty(Name(left[0]) + " is still terminating").Take(5))}";
            await Task.Delay(blockers.Count == 0 ? TimeSpan.FromMilliseconds(500) : RetryDelay, clock, cancellation);
        }
    }

    /// <summary>Deletes the Node of a machine that is dead: its pods and volumes may go elsewhere from here on.</summary>
    /// <returns>Null when it is gone, also when it was before; else why it stays.</returns>
    public async Task<string?> DeleteAsync()
    {
        for (var tries = 0; tries < DeleteTries; tries++)
        {
            var present = await kubernetes.GetAsync(Path, cancellation);
            if (present.Status == HttpStatusCode.NotFound)
                return null;
            if (!present.Succeeded)
                throw new HttpRequestException($"node {node}: {present.Message}", null, present.Status);
            if (Observed(present).Ready)
                return $"Kubernetes says that the Node {node} is Ready, so its machine lives";
            var answer = await kubernetes.DeleteAsync(Path, OnlyAs(present.Body!["metadata"]!), cancellation);
            if (answer.Succeeded || answer.Status == HttpStatusCode.NotFound)
                return null;
            if (answer.Status != HttpStatusCode.Conflict)
                throw new HttpRequestException($"node {node}: {answer.Message}", null, answer.Status);
        }
        return $"the Node {node} changes all the time";
    }

    private static KubernetesObserved Observed(KubernetesAnswer answer)
    {
        var (spec, status) = (answer.Body?["spec"], answer.Body?["status"]);
        var ready = (status?["conditions"] as JsonArray)?.FirstOrDefault(c => c?["type"]?.ToString() == "Ready");
        return new()
        {
            Reachable = true,
            NodeFound = true,
            Ready = ready?["status"]?.ToString() == "True",
            Unschedulable = spec?["unschedulable"]?.GetValue<bool>() ?? false,
            CordonOwner = answer.Body?["metadata"]?["annotations"]?[OwnerAnnotation]?.ToString() ?? "",
            BootId = status?["nodeInfo"]?["bootID"]?.ToString() ?? "",
            KubeletVersion = status?["nodeInfo"]?["kubeletVersion"]?.ToString() ?? "",
            OsImage = status?["nodeInfo"]?["osImage"]?.ToString() ?? "",
        };
    }

    // A kubelet that speaks up in between changes the object: then it is looked at again.
    private static JsonObject OnlyAs(JsonNode metadata) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "DeleteOptions",
        ["preconditions"] = new JsonObject
        {
            ["uid"] = metadata["uid"]?.DeepClone(), ["resourceVersion"] = metadata["resourceVersion"]?.DeepClone(),
        },
    };

    private async Task PatchAsync(bool unschedulable, string? owner)
    {
        var patch = new JsonObject
        {
            ["spec"] = new JsonObject { ["unschedulable"] = unschedulable },
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [OwnerAnnotation] = owner } },
        };
        var answer = await kubernetes.PatchAsync(Path, patch, cancellation);
        if (!answer.Succeeded)
            throw new HttpRequestException($"node {node}: {answer.Message}", null, answer.Status);
    }

    private async Task<List<JsonNode>> EvictableAsync()
    {
        var answer = await kubernetes.GetAsync($"/api/v1/pods?fieldSelector=spec.nodeName%3D{Uri.EscapeDataString(node)}", cancellation);
        if (!answer.Succeeded)
            throw new HttpRequestException($"pods of {node}: {answer.Message}", null, answer.Status);
        return [.. (answer.Body?["items"] as JsonArray ?? []).OfType<JsonNode>().Where(IsEvictable)];
    }

    // Mirror pods are the kubelet's own, DaemonSet pods come back at once, finished pods hold nothing.
    private static bool IsEvictable(JsonNode pod) =>
        pod["metadata"]?["annotations"]?["kubernetes.io/config.mirror"] is null
        && pod["status"]?["phase"]?.ToString() is not ("Succeeded" or "Failed")
        && (pod["metadata"]?["ownerReferences"] as JsonArray ?? []).All(o => o?["kind"]?.ToString() != "DaemonSet");

    private async Task<string?> EvictAsync(JsonNode pod)
    {
        var (ns, name) = (pod["metadata"]!["namespace"]!.ToString(), pod["metadata"]!["name"]!.ToString());
        var eviction = new JsonObject
        {
            ["apiVersion"] = "policy/v1",
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = name },
        };
        var answer = await kubernetes.PostAsync($"/api/v1/namespaces/{ns}/pods/{name}/eviction", eviction, cancellation);
        // Gone is what we want; a namespace that goes away takes its pods along (403).
        return answer.Succeeded || answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Forbidden ? null : $"{Name(pod)}: {answer.Message}";
    }

    private static string Name(JsonNode pod) => $"{pod["metadata"]?["namespace"]}/{pod["metadata"]?["name"]}";
}
