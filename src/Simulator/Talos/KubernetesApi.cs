using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Simulator.Cluster;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>The API server on one control plane: readiness, nodes, pods and evictions (rollouts.md 10).</summary>
internal sealed class KubernetesApi(SimulatedCluster cluster)
{
    public static async Task<IAsyncDisposable> StartAsync(TalosRun run, NodeConfig config, CancellationToken cancellation)
    {
        var builder = SimulatedHost.NewBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            new IPEndPoint(run.Address, config.Endpoint.Port), listen => listen.UseHttps(Tls(run, config))));
        var app = builder.Build();
        new KubernetesApi(run.Cluster!).Map(app);
        await app.StartAsync(cancellation);
        return new TalosApi.Listener(app);
    }

    private void Map(WebApplication app)
    {
        app.Use(async (context, next) =>
        {
            if (!cluster.Look((etcd, _) => etcd.HasQuorum))
                await Fail(context, 503, "etcd has no quorum");
            else if (context.Connection.ClientCertificate is null && context.Request.Path is not { Value: "/readyz" or "/livez" or "/version" })
                await Fail(context, 401, "Unauthorized");
            else
                await next();
        });
        app.MapGet("/readyz", context => context.Response.WriteAsync("ok"));
        app.MapGet("/livez", context => context.Response.WriteAsync("ok"));
        app.MapGet("/api/v1/nodes", context => Write(context, cluster.Look((_, state) =>
            KubernetesObjects.List("NodeList", "v1", state.Nodes.Values.OrderBy(n => n.Name, StringComparer.Ordinal).Select(KubernetesObjects.Node)))));
        app.MapGet("/api/v1/nodes/{name}", context => OnNode(context, node => Write(context, KubernetesObjects.Node(node))));
        app.MapPatch("/api/v1/nodes/{name}", PatchAsync);
        app.MapDelete("/api/v1/nodes/{name}", DeleteAsync);
        app.MapGet("/api/v1/pods", context => Write(context, cluster.Look((_, state) =>
            KubernetesObjects.List("PodList", "v1", state.Pods.Where(p => IsSelected(context, p)).Select(KubernetesObjects.Pod)))));
        app.MapPost("/api/v1/namespaces/{namespace}/pods/{name}/eviction", EvictAsync);
        app.MapGet("/api/v1/namespaces/{namespace}/pods/{name}", GetPodAsync);
        app.MapGet("/apis/policy/v1/poddisruptionbudgets", context => Write(context, cluster.Look((_, state) => KubernetesObjects.List(
            "PodDisruptionBudgetList", "policy/v1", state.Budgets.Select(b => KubernetesObjects.Budget(b, state.DisruptionsAllowed(b)))))));
        app.MapPost("/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets", PostBudgetAsync);
    }

    private async Task PatchAsync(HttpContext context)
    {
        var patch = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        await OnNode(context, node =>
        {
            cluster.Change((_, state) =>
            {
                if (patch?["spec"]?["unschedulable"] is { } unschedulable)
                    node.Unschedulable = unschedulable.GetValue<bool>();
                foreach (var (key, value) in patch?["metadata"]?["annotations"]?.AsObject() ?? [])
                {
                    if (value is null)
                        node.Annotations.Remove(key);
                    else
                        node.Annotations[key] = value.GetValue<string>();
                }
                state.Schedule();
            });
            return Write(context, KubernetesObjects.Node(node));
        });
    }

    private async Task DeleteAsync(HttpContext context)
    {
        var options = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        var wanted = options?["preconditions"];
        await OnNode(context, node =>
        {
            if (!IsWanted(wanted?["uid"], node.Uid) || !IsWanted(wanted?["resourceVersion"], node.ResourceVersion))
                return Fail(context, 409, $"Operation cannot be fulfilled on nodes \"{node.Name}\": a precondition failed");
            cluster.Change((_, state) => state.Delete(node.Name));
            return Write(context, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Success" });
        });
    }

    private Task EvictAsync(HttpContext context)
    {
        var name = Route(context, "name");
        var outcome = Eviction.NotFound;
        cluster.Change((_, state) => outcome = state.Evict(Route(context, "namespace"), name));
        switch (outcome)
        {
            case Eviction.NotFound:
                return Fail(context, 404, $"pods \"{name}\" not found");
            case Eviction.Refused:
                return Fail(context, 429, "Cannot evict pod as it would violate the pod's disruption budget.");
            default:
                context.Response.StatusCode = 201;
                return Write(context, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Success" });
        }
    }

    private async Task PostBudgetAsync(HttpContext context)
    {
        var body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        if (body?["metadata"]?["name"]?.GetValue<string>() is not { } name
            || body["spec"]?["selector"]?["matchLabels"]?["app"]?.GetValue<string>() is not { } app
            || body["spec"]?["minAvailable"]?.GetValue<int>() is not { } minAvailable)
        {
            await Fail(context, 422, "a budget here has a name, spec.minAvailable and a selector with the label app");
            return;
        }
        var budget = new DisruptionBudget(Route(context, "namespace"), name, app, minAvailable);
        cluster.Change((_, state) => state.Budgets.Add(budget));
        context.Response.StatusCode = 201;
        await Write(context, cluster.Look((_, state) => KubernetesObjects.Budget(budget, state.DisruptionsAllowed(budget))));
    }

    private Task GetPodAsync(HttpContext context) =>
        cluster.Look((_, state) => state.Pods.Find(p => p.Namespace == Route(context, "namespace") && p.Name == Route(context, "name"))) is { } pod
            ? Write(context, KubernetesObjects.Pod(pod))
            : Fail(context, 404, $"pods \"{Route(context, "name")}\" not found");

    private Task OnNode(HttpContext context, Func<KubernetesNode, Task> then) =>
        cluster.Look((_, state) => state.Nodes.GetValueOrDefault(Route(context, "name"))) is { } node
            ? then(node)
            : Fail(context, 404, $"nodes \"{Route(context, "name")}\" not found");

    private static bool IsWanted(JsonNode? wanted, string present) => wanted is null || wanted.GetValue<string>() == present;

    private static bool IsSelected(HttpContext context, KubernetesPod pod)
    {
        var selector = context.Request.Query["fieldSelector"].ToString();
        return selector == "" || selector == "spec.nodeName=" + pod.Node;
    }

    private static string Route(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private static Task Fail(HttpContext context, int code, string message)
    {
        context.Response.StatusCode = code;
        return Write(context, new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Failure", ["message"] = message, ["code"] = code,
        });
    }

    private static Task Write(HttpContext context, JsonObject body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString());
    }

    private static Action<HttpsConnectionAdapterOptions> Tls(TalosRun run, NodeConfig config)
    {
        var now = run.Pace.Clock.GetUtcNow();
        var authority = CertificateAuthority.FromPem(config.KubernetesCaCertificate, config.KubernetesCaKey);
        var issued = authority.Issue(new LeafRequest("kube-apiserver", [], now - TimeSpan.FromMinutes(1), TimeSpan.FromDays(365))
        {
            IsServer = true, IsClient = false, Names = [run.Address.ToString(), config.Endpoint.Host, "kubernetes", run.Hostname],
        });
        var ca = X509Certificate2.CreateFromPem(config.KubernetesCaCertificate);
        return https =>
        {
            https.ServerCertificate = X509Certificate2.CreateFromPem(issued.Certificate, issued.Key);
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (certificate, _, _) =>
                CertificateCheck.Refusal(certificate, ca, run.Pace.Clock.GetUtcNow(), CertificateUse.Client) is null;
        };
    }
}
