using System.Net;
using System.Text.Json.Nodes;
using Cozy.Fleet.Talos;

namespace Cozy.Fleet.Simulator.Tests;

public sealed class KubernetesTests
{
    [Fact]
    public async Task A_cordoned_node_is_drained_pod_by_pod_and_gets_none_back()
    {
        await using var rack = await TwoNodesAsync();
        using var kubernetes = KubernetesApiClient.For(rack);

        await CordonAsync(kubernetes, "node-1", true);
        foreach (var pod in await PodsAsync(kubernetes, "node-1", "web"))
            Assert.Equal(HttpStatusCode.Created, (await EvictAsync(kubernetes, pod)).Status);

        Assert.Empty(await PodsAsync(kubernetes, "node-1", "web"));
        Assert.Single(await PodsAsync(kubernetes, "node-1", "kube-proxy"));
        Assert.Equal(4, (await PodsAsync(kubernetes, "node-0", "web")).Count);
    }

    [Fact]
    public async Task A_disruption_budget_refuses_the_eviction_that_would_break_it()
    {
        await using var rack = await TwoNodesAsync();
        using var kubernetes = KubernetesApiClient.For(rack);
        await BudgetAsync(kubernetes, minAvailable: 4);
        var pod = (await PodsAsync(kubernetes, "node-1", "web"))[0];

        var refused = await EvictAsync(kubernetes, pod);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal("Cannot evict pod as it would violate the pod's disruption budget.", refused.Body["message"]!.ToString());
        var budgets = await kubernetes.GetAsync("/apis/policy/v1/poddisruptionbudgets");
        Assert.Equal(0, budgets["items"]![0]!["status"]!["disruptionsAllowed"]!.GetValue<int>());
    }

    [Fact]
    public async Task Pods_that_find_no_node_wait_for_one()
    {
        await using var rack = await TwoNodesAsync();
        using var kubernetes = KubernetesApiClient.For(rack);
        await CordonAsync(kubernetes, "node-0", true);
        await CordonAsync(kubernetes, "node-1", true);

        await EvictAsync(kubernetes, (await PodsAsync(kubernetes, "node-1", "web"))[0]);
        var pods = (await kubernetes.GetAsync("/api/v1/pods"))["items"]!.AsArray();
        Assert.Single(pods, p => p!["status"]!["phase"]!.ToString() == "Pending");
        await CordonAsync(kubernetes, "node-1", false);

        Assert.Equal(2, (await PodsAsync(kubernetes, "node-1", "web")).Count);
    }

    [Fact]
    public async Task A_Node_is_deleted_only_as_it_was_seen_and_its_pods_start_elsewhere()
    {
        await using var rack = await TwoNodesAsync();
        using var kubernetes = KubernetesApiClient.For(rack);
        var before = (await kubernetes.GetAsync("/api/v1/nodes/node-1"))["metadata"]!;
        await CordonAsync(kubernetes, "node-1", true);
        var after = (await kubernetes.GetAsync("/api/v1/nodes/node-1"))["metadata"]!;

        Assert.Equal(HttpStatusCode.Conflict, (await DeleteAsync(kubernetes, before)).Status);
        Assert.Equal(HttpStatusCode.OK, (await DeleteAsync(kubernetes, after)).Status);
        Assert.Single((await kubernetes.GetAsync("/api/v1/nodes"))["items"]!.AsArray());
        Assert.Equal(4, (await PodsAsync(kubernetes, "node-0", "web")).Count);
    }

    [Fact]
    public async Task Annotations_are_merged_and_the_cordon_of_others_survives_a_reboot()
    {
        await using var rack = await TwoNodesAsync();
        using var kubernetes = KubernetesApiClient.For(rack);
        await kubernetes.SendAsync(HttpMethod.Patch, "/api/v1/nodes/node-1", Patch(true, new() { ["a"] = "1", ["b"] = "2" }));
        await kubernetes.SendAsync(HttpMethod.Patch, "/api/v1/nodes/node-1", Patch(true, new() { ["a"] = null }));

        await TestRack.Operate(rack.Secure(1)).RebootAsync();
        await rack.UntilAsync(1, "ready", 2);

        var node = await kubernetes.GetAsync("/api/v1/nodes/node-1");
        Assert.True(node["spec"]!["unschedulable"]!.GetValue<bool>());
        Assert.Equal("{\"b\":\"2\"}", node["metadata"]!["annotations"]!.ToJsonString());
    }

    [Fact]
    public async Task An_old_upgrade_cordons_drains_and_takes_its_own_cordon_away()
    {
        await using var rack = await TwoNodesAsync("v1.12.11");
        using var kubernetes = KubernetesApiClient.For(rack);

        await TestRack.Operate(rack.Secure(1)).LegacyUpgradeAsync("factory.example/installer:v1.13.9", preserve: true);
        await rack.UntilAsync(1, "ready", 2);

        var node = await kubernetes.GetAsync("/api/v1/nodes/node-1");
        Assert.False(node["spec"]!["unschedulable"]!.GetValue<bool>());
        Assert.Equal("Talos (v1.13.9)", node["status"]!["nodeInfo"]!["osImage"]!.ToString());
        Assert.Equal(4, (await PodsAsync(kubernetes, "node-0", "web")).Count);
    }

    [Fact]
    public async Task Nobody_without_a_certificate_reads_more_than_the_health()
    {
        await using var rack = await TwoNodesAsync();
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
            certificate is not null
        };
        using var http = new HttpClient(handler) { BaseAddress = new($"https://{rack.Addresses[0]}:6443") };

        Assert.Equal("ok", await http.GetStringAsync("/readyz", TestRack.Cancellation));
        using var nodes = await http.GetAsync("/api/v1/nodes", TestRack.Cancellation);

        Assert.Equal(HttpStatusCode.Unauthorized, nodes.StatusCode);
    }

    private static async Task<TestRack> TwoNodesAsync(string version = "v1.13.9")
    {
        var rack = new TestRack(version, 2);
        await rack.BringUpAsync(controlPlanes: 1);
        return rack;
    }

    private static async Task CordonAsync(KubernetesApiClient kubernetes, string node, bool unschedulable) => Assert.Equal(
        HttpStatusCode.OK, (await kubernetes.SendAsync(HttpMethod.Patch, $"/api/v1/nodes/{node}", Patch(unschedulable, []))).Status);

    private static JsonObject Patch(bool unschedulable, JsonObject annotations) => new()
    {
        ["spec"] = new JsonObject { ["unschedulable"] = unschedulable },
        ["metadata"] = new JsonObject { ["annotations"] = annotations },
    };

    private static Task<(HttpStatusCode Status, JsonNode Body)> DeleteAsync(KubernetesApiClient kubernetes, JsonNode seen) =>
        kubernetes.SendAsync(HttpMethod.Delete, "/api/v1/nodes/node-1", new()
        {
            ["preconditions"] = new JsonObject
            {
                ["uid"] = seen["uid"]!.DeepClone(), ["resourceVersion"] = seen["resourceVersion"]!.DeepClone(),
            },
        });

    private static Task<(HttpStatusCode Status, JsonNode Body)> EvictAsync(KubernetesApiClient kubernetes, string pod) =>
        kubernetes.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/default/pods/{pod}/eviction", new() { ["kind"] = "Eviction" });

    private static async Task BudgetAsync(KubernetesApiClient kubernetes, int minAvailable) => Assert.Equal(
        HttpStatusCode.Created,
            (await kubernetes.SendAsync(HttpMethod.Post, "/apis/policy/v1/namespaces/default/poddisruptionbudgets", new()
            {
                ["metadata"] = new JsonObject { ["name"] = "web" },
                ["spec"] = new JsonObject
                {
                    ["minAvailable"] = minAvailable,
                    ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = "web" } },
                },
            })).Status);

    private static async Task<List<string>> PodsAsync(KubernetesApiClient kubernetes, string node, string app)
    {
        var pods = await kubernetes.GetAsync($"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}");
        return [.. pods["items"]!.AsArray().Where(p => p!["metadata"]!["labels"]!["app"]!.ToString() == app).Select(p =>
            p!["metadata"]!["name"]!.ToString())];
    }
}
