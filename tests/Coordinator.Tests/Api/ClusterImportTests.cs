using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Session;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>A cluster that runs already; its nodes are played by an agent's double.</summary>
public sealed class ClusterImportTests : IAsyncLifetime
{
    // An RSA key of 4096 bits takes seconds; 1.6 has another.
    private static readonly string Secrets = SecretsBundle.Generate(new SemanticVersion(1, 6, 0), DateTimeOffset.UtcNow).ToYaml();

    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;
    private GrpcChannel channel = null!;

    private ClusterService.ClusterServiceClient Clusters => new(channel);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        channel = coordinator.DialAsOperator();
        await new RackService.RackServiceClient(channel).CreateRackAsync(
            new() { Rack = new() { Metadata = new() { Name = "r1" }, Spec = new() } }, cancellationToken: Token);
        await new ImageService.ImageServiceClient(channel).CreateImageAsync(new() { Image = RunningApi.Image("talos") },
            cancellationToken: Token);
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task What_runs_is_written_down_and_only_observed()
    {
        using var agent = await ConnectedAsync();
        var importing = Clusters.ImportClusterAsync(Request("10.0.0.11", "10.0.0.12"), cancellationToken: Token).ResponseAsync;
        await AnswerAllAsync(agent, 2);
        var imported = (await importing).Cluster;

        Assert.Equal([("cp-11", Role.ControlPlane), ("w-12", Role.Worker)], imported.Status.Members.Select(m => (m.Hostname, m.Role)));
        Assert.Equal((Management.Observed, "https://10.0.0.11:6443"), (imported.Spec.Management, imported.Status.Endpoint));
        Assert.Equal("imported-cp-11", Assert.Single(imported.Spec.Patches, p => p.Nodes.Contains(Uuid("11"))).Name);
        var node = (await Nodes.GetNodeAsync(new() { Name = "cp-11" }, cancellationToken: Token)).Node;
        Assert.Equal((AcceptanceState.Accepted, "ann, import of cluster prod"), (node.Spec.Acceptance.State,
            node.Spec.Acceptance.DecidedBy));
        Assert.Equal((1, "disk: installed"), (node.Status.ConfirmedInstallGeneration, node.Status.BootDecision.ToLowerInvariant()));

        var refused = await Assert.ThrowsAsync<RpcException>(() => new RolloutService.RolloutServiceClient(channel).CreateRolloutAsync(new()
        {
            Rollout = new() { Spec = new() { Cluster = "prod", TalosUpgrade = new() { Image = "talos" } } },
        }, cancellationToken: Token).ResponseAsync);
        Assert.Equal("cluster prod is only observed; let it be managed first: spec.management MANAGEMENT_MANAGED.", refused.Status.Detail);
    }

    [Fact]
    public async Task A_member_that_does_not_answer_is_named_and_nothing_is_imported()
    {
        using var agent = await ConnectedAsync();
        var importing = Clusters.ImportClusterAsync(Request("10.0.0.11", "10.0.0.12"), cancellationToken: Token).ResponseAsync;
        for (var i = 0; i < 2; i++)
        {
            var query = (await agent.NextAsync(m => m.Query is not null)).Query;
            await agent.AnswerAsync(query.Address == "10.0.0.12"
                ? new()
                {
                    QueryId = query.QueryId, End = new()
                    {
                        Code = (int)StatusCode.Unavailable,
                        Message = "10.0.0.12:50000: Connection refused"
                    }
                }
                : Answer(query));
            if (query.Address != "10.0.0.12")
                await agent.AnswerAsync(new() { QueryId = query.QueryId, End = new() });
        }

        var refused = await Assert.ThrowsAsync<RpcException>(() => importing);
        Assert.Equal("not every member answers: 10.0.0.12: 10.0.0.12:50000: Connection refused.", refused.Status.Detail);
        Assert.Empty((await Nodes.ListNodesAsync(new(), cancellationToken: Token)).Nodes);
        Assert.Empty((await Clusters.ListClustersAsync(new(), cancellationToken: Token)).Clusters);
    }

    [Fact]
    public async Task A_damaged_bundle_and_a_list_without_control_plane_are_refused_before_anybody_is_asked()
    {
        var damaged = Request("10.0.0.11", "10.0.0.12");
        damaged.Secrets = damaged.Secrets.Replace("crt: LS0t", "crt: LS0u", StringComparison.Ordinal);
        var headless = Request("10.0.0.11", "10.0.0.12");
        headless.Members.RemoveAt(0);

        var (first, second) = (await RefusalAsync(damaged), await RefusalAsync(headless));

        Assert.StartsWith("secrets: ", first, StringComparison.Ordinal);
        Assert.Contains("members: has no control plane", second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_talosconfig_alone_leads_to_the_secrets_and_the_roles()
    {
        using var agent = await ConnectedAsync();
        var importing = Clusters.ImportClusterAsync(WithTalosconfig(), cancellationToken: Token).ResponseAsync;
        for (var i = 0; i < 2; i++)
        {
            var query = await AskedAsync(agent);
            Assert.Equal((Query.AskOneofCase.ReadConfig, "O=os:admin"), (query.AskCase, X509Certificate2.CreateFromPem(query.Talos.Certificate).Subject));
            await AnswerAsync(agent, new() { QueryId = query.QueryId, Data = Config(query.Address) });
        }
        await AnswerAllAsync(agent, 2);
        var imported = (await importing).Cluster;

        Assert.Equal([("cp-11", Role.ControlPlane), ("w-12", Role.Worker)], imported.Status.Members.Select(m => (m.Hostname, m.Role)));
        Assert.Equal(("https://10.0.0.11:6443", "v1.36.3", Management.Observed),
            (imported.Spec.Endpoint, imported.Spec.KubernetesVersion, imported.Spec.Management));
    }

    [Fact]
    public async Task A_talosconfig_that_may_not_read_configs_imports_nothing()
    {
        using var agent = await ConnectedAsync();
        var importing = Clusters.ImportClusterAsync(WithTalosconfig(), cancellationToken: Token).ResponseAsync;
        for (var i = 0; i < 2; i++)
        {
            var query = await AskedAsync(agent);
            await agent.AnswerAsync(new()
            {
                QueryId = query.QueryId,
                End = new() { Code = (int)StatusCode.PermissionDenied, Message = "the call needs os:admin, and the certificate has os:reader" },
            });
        }

        var refused = await Assert.ThrowsAsync<RpcException>(() => importing);
        Assert.Equal(
            "not every member shows its config: 10.0.0.11: the call needs os:admin, and the certificate has os:reader; "
            + "10.0.0.12: the call needs os:admin, and the certificate has os:reader.", refused.Status.Detail);
        Assert.Empty((await Clusters.ListClustersAsync(new(), cancellationToken: Token)).Clusters);
    }

    [Fact]
    public async Task A_role_that_the_node_does_not_have_is_refused()
    {
        using var agent = await ConnectedAsync();
        var request = WithTalosconfig();
        request.Members[0].Role = Role.Worker;
        var importing = Clusters.ImportClusterAsync(request, cancellationToken: Token).ResponseAsync;
        for (var i = 0; i < 2; i++)
        {
            var query = await AskedAsync(agent);
            await AnswerAsync(agent, new() { QueryId = query.QueryId, Data = Config(query.Address) });
        }

        var refused = await Assert.ThrowsAsync<RpcException>(() => importing);
        Assert.Contains("members[0].role: is not that of 10.0.0.11, whose config says ControlPlane", refused.Status.Detail, StringComparison.Ordinal);
        var damaged = WithTalosconfig();
        damaged.TalosContext = "other";
        Assert.Equal("the talosconfig has no context 'other'; choose one of 'prod'.", await RefusalAsync(damaged));
    }

    private static ImportClusterRequest WithTalosconfig()
    {
        var bundle = SecretsBundle.Parse(Secrets);
        var admin = Credentials.Talos(bundle, "os:admin", TimeSpan.FromHours(1), DateTimeOffset.UtcNow);
        return new()
        {
            Cluster = new() { Metadata = new() { Name = "prod" }, Spec = new() { Image = "talos" } },
            Rack = "r1",
            Talosconfig = Credentials.Talosconfig(bundle, "prod", ["10.0.0.11"], admin),
            Members = { new ImportedMember { Address = "10.0.0.11" }, new ImportedMember { Address = "10.0.0.12" } },
        };
    }

    private static ByteString Config(string address)
    {
        var input = new MachineConfigInput(new(1, 13, 1), new(1, 36, 3), "prod", new("https://10.0.0.11:6443"), "n", "/dev/sda", "");
        var type = address == "10.0.0.11" ? MachineType.ControlPlane : MachineType.Worker;
        return ByteString.CopyFromUtf8(MachineConfigGenerator.Generate(input, SecretsBundle.Parse(Secrets), type));
    }

    private static async Task<Query> AskedAsync(AgentDouble agent) => (await agent.NextAsync(m => m.Query is not null)).Query;

    private static async Task AnswerAsync(AgentDouble agent, QueryAnswer answer)
    {
        await agent.AnswerAsync(answer);
        await agent.AnswerAsync(new() { QueryId = answer.QueryId, End = new() });
    }

    private NodeService.NodeServiceClient Nodes => new(channel);

    // Before the welcome, the rack has no agent that could be asked.
    private async Task<AgentDouble> ConnectedAsync()
    {
        var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        Assert.NotNull((await agent.NextAsync()).Welcome);
        return agent;
    }

    private async Task<string> RefusalAsync(ImportClusterRequest request) =>
        (await Assert.ThrowsAsync<RpcException>(() => Clusters.ImportClusterAsync(request,
            cancellationToken: Token).ResponseAsync)).Status.Detail;

    private static async Task AnswerAllAsync(AgentDouble agent, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var query = (await agent.NextAsync(m => m.Query is not null)).Query;
            Assert.Equal(Query.AskOneofCase.IdentifyNode, query.AskCase);
            Assert.Contains("BEGIN CERTIFICATE", query.Talos.Certificate, StringComparison.Ordinal);
            await agent.AnswerAsync(Answer(query));
            await agent.AnswerAsync(new() { QueryId = query.QueryId, End = new() });
        }
    }

    private static QueryAnswer Answer(Query query)
    {
        var last = query.Address[(query.Address.LastIndexOf('.') + 1)..];
        var seen = new NodeObserved
        {
            Address = query.Address, ApiMode = ApiMode.Secure, Stage = MachineStage.Running, Uuid = Uuid(last), Installed = true,
            TalosVersion = "v1.13.1",
            Facts = new()
            {
                Hostname = last == "11" ? "cp-11" : $"w-{last}", Disks = { new Disk { Device = "/dev/sda", SizeBytes = 1 << 30 } },
                Links = { new Link { Name = "eth0", Mac = $"52:54:00:00:00:{last}" } },
            },
        };
        return new() { QueryId = query.QueryId, Data = seen.ToByteString() };
    }

    private static string Uuid(string last) => $"4f1ee700-0000-4000-8000-0000000000{last}";

    private static ImportClusterRequest Request(string controlPlane, string worker) => new()
    {
        Cluster = new()
        {
            Metadata = new() { Name = "prod" },
            Spec = new() { Image = "talos", KubernetesVersion = "v1.36.3", Endpoint = $"https://{controlPlane}:6443" },
        },
        Rack = "r1",
        Secrets = Secrets,
        Members =
        {
            new ImportedMember { Address = controlPlane, Role = Role.ControlPlane, Patches = { "machine:\n  sysctls:\n    own: \"a\"\n" } },
            new ImportedMember { Address = worker, Role = Role.Worker },
        },
    };
}
