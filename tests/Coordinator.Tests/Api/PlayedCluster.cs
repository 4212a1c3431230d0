using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Session;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>A cluster "prod" that runs: three control planes cp-11 to cp-13 and a worker w-14, played by an agent's double.</summary>
internal sealed class PlayedCluster : IAsyncDisposable
{
    // An RSA key of 4096 bits takes seconds; 1.6 has another.
    private static readonly string Secrets = SecretsBundle.Generate(new SemanticVersion(1, 6, 0), DateTimeOffset.UtcNow).ToYaml();
    private static readonly int[] ControlPlanes = [11, 12, 13];

    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;
    private GrpcChannel channel = null!;
    private ulong sequence;

    private PlayedCluster()
    {
    }

    public AgentDouble Agent { get; private set; } = null!;

    public NodeService.NodeServiceClient Nodes => new(channel);

    public ClusterService.ClusterServiceClient Clusters => new(channel);

    public FleetPatchService.FleetPatchServiceClient FleetPatches => new(channel);

    public EventService.EventServiceClient Events => new(channel);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<PlayedCluster> StartAsync(Management management = Management.Managed)
    {
        var played = new PlayedCluster();
        await played.OpenAsync();
        await new RackService.RackServiceClient(played.channel).CreateRackAsync(
            new() { Rack = new() { Metadata = new() { Name = "r1" }, Spec = new() } }, cancellationToken: Token);
        await new ImageService.ImageServiceClient(played.channel).CreateImageAsync(new() { Image = RunningApi.Image("talos") },
            cancellationToken: Token);
        await played.ConnectAsync();
        await played.ImportAsync(management);
        foreach (var last in (int[])[.. ControlPlanes, 14])
            await played.SeenAsync(last);
        return played;
    }

    public static string Uuid(int last) => $"4f1ee700-0000-4000-8000-0000000000{last}";

    /// <summary>The coordinator is killed and started again; the agent connects anew.</summary>
    public async Task RestartAsync()
    {
        Agent.Dispose();
        channel.Dispose();
        await coordinator.DisposeAsync();
        await OpenAsync();
        await ConnectAsync();
    }

    /// <summary>The agent looked at a node, and all was well but for the change.</summary>
    public async Task SeenAsync(int last, Action<NodeObserved>? change = null)
    {
        var seen = Healthy(last);
        change?.Invoke(seen);
        await ReportAsync(new() { NodeObserved = seen });
    }

    public async Task ReportAsync(Report report)
    {
        report.Sequence = ++sequence;
        report.Time = DateTimeOffset.UtcNow.ToTimestamp();
        await Agent.ReportAsync(report);
        await Agent.NextAsync(m => m.Ack?.Sequence == sequence);
    }

    public Task ResultAsync(Command command, CommandOutcome outcome = CommandOutcome.Succeeded, string message = "") => ReportAsync(new()
    {
        CommandResult = new()
        {
            OperationId = command.OperationId, Owner = command.Owner, Outcome = outcome, Message = message,
            FinishTime = DateTimeOffset.UtcNow.ToTimestamp(),
        },
    });

    /// <summary>The events of a subject, oldest first, as "Reason: message".</summary>
    public async Task<string[]> EventsAsync(string subject)
    {
        var page = await Events.ListEventsAsync(new() { Filter = $"subject = \"{subject}\"" }, cancellationToken: Token);
        return [.. page.Events.Reverse().Select(e => $"{e.Reason}: {e.Message}")];
    }

    /// <summary>Everything that the coordinator has on its disk, byte for character.</summary>
    public string Stored()
    {
        var text = new System.Text.StringBuilder();
        foreach (var name in Directory.GetFiles(directory.Path, "*.db*"))
        {
            using var file = new FileStream(name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file, System.Text.Encoding.Latin1);
            text.Append(reader.ReadToEnd());
        }
        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        Agent.Dispose();
        channel.Dispose();
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    private async Task OpenAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        channel = coordinator.DialAsOperator();
    }

    private async Task ConnectAsync()
    {
        Agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        Assert.NotNull((await Agent.NextAsync()).Welcome);
    }

    private async Task ImportAsync(Management management)
    {
        var request = new ImportClusterRequest
        {
            Cluster = new()
            {
                Metadata = new() { Name = "prod" },
                Spec = new()
                {
                    Image = "talos", KubernetesVersion = "v1.36.3", Endpoint = "https://10.0.0.11:6443",
                    Management = management
                },
            },
            Rack = "r1",
            Secrets = Secrets,
        };
        request.Members.Add(ControlPlanes.Select(last => new ImportedMember { Address = $"10.0.0.{last}", Role = Role.ControlPlane }));
        request.Members.Add(new ImportedMember { Address = "10.0.0.14", Role = Role.Worker });
        var importing = Clusters.ImportClusterAsync(request, cancellationToken: Token).ResponseAsync;
        foreach (var _ in request.Members)
        {
            var query = (await Agent.NextAsync(m => m.Query is not null)).Query;
            await AnswerAsync(query, Identity(int.Parse(query.Address.Split('.')[^1], null)).ToByteArray());
        }
        await importing;
    }

    /// <summary>The whole answer to a query, in pieces.</summary>
    public async Task AnswerAsync(Query query, params byte[][] pieces)
    {
        foreach (var piece in pieces)
            await Agent.AnswerAsync(new() { QueryId = query.QueryId, Data = ByteString.CopyFrom(piece) });
        await Agent.AnswerAsync(new() { QueryId = query.QueryId, End = new() });
    }

    private static string Hostname(int last) => ControlPlanes.Contains(last) ? $"cp-{last}" : $"w-{last}";

    private static NodeObserved Identity(int last) => new()
    {
        Address = $"10.0.0.{last}", ApiMode = ApiMode.Secure, Stage = MachineStage.Running, Uuid = Uuid(last), Installed = true,
        TalosVersion = "v1.13.1",
        Facts = new()
        {
            Hostname = Hostname(last), Disks = { new Disk { Device = "/dev/sda", SizeBytes = 1 << 30 } },
            Links = { new Link { Name = "eth0", Mac = $"52:54:00:00:00:{last}" } },
        },
    };

    private static NodeObserved Healthy(int last)
    {
        var seen = new NodeObserved
        {
            Node = Uuid(last), Address = $"10.0.0.{last}", ApiMode = ApiMode.Secure, Stage = MachineStage.Running, Ready = true,
            Installed = true,
            TalosVersion = "v1.13.1", BootId = $"boot-{last}-1",
            Kubernetes = new() { Reachable = true, NodeFound = true, Ready = true, BootId = $"boot-{last}-1" },
        };
        if (ControlPlanes.Contains(last))
        {
            seen.Etcd = new() { Reachable = true, MemberId = (ulong)last, LeaderId = 11, RaftTerm = 2 };
            seen.Etcd.Members.Add(ControlPlanes.Select(id => new EtcdMember { Id = (ulong)id, Hostname = Hostname(id) }));
        }
        return seen;
    }
}
