using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Cli.Tests;

/// <summary>Resources as a fleet has them.</summary>
internal static class Samples
{
    public const string ImageYaml =
        """
        apiVersion: cozy.fleet/v1
        kind: Image
        metadata:
          name: talos-v1.13.8
        spec:
          talosVersion: v1.13.8
          installer: factory.talos.dev/metal-installer/x:v1.13.8
          assets:
            - kind: ASSET_KIND_KERNEL
              architecture: ARCHITECTURE_AMD64
              url: file:///srv/kernel-amd64
              sha256: "0000000000000000000000000000000000000000000000000000000000000000"
        """;

    public const string RackYaml =
        """
        apiVersion: cozy.fleet/v1
        kind: Rack
        metadata:
          name: r1
          labels:
            hall: a
        spec:
          discoveryImage: talos-v1.13.8
        """;

    public const string ClusterYaml =
        """
        apiVersion: cozy.fleet/v1
        kind: Cluster
        metadata:
          name: c1
        spec:
          image: talos-v1.13.8
          kubernetesVersion: v1.36.3
          controlPlane:
            count: 3
          install:
            minimumSizeBytes: "10000000000"
          patches:
            - name: token
              yaml: |
                machine:
                  token: abcdef.0123456789abcdef
        """;

    public static Timestamp Ago(TimeSpan span) => Timestamp.FromDateTimeOffset(StandingClock.Now - span);

    public static Node Node(string name, NodePhase phase, string hostname = "") => new()
    {
        Metadata = new() { Name = name, CreateTime = Ago(TimeSpan.FromHours(3)) },
        Spec = new() { Acceptance = new() { State = AcceptanceState.Pending } },
        Status = new()
        {
            Phase = phase, Rack = "r1", Uuid = name, Hostname = hostname, Address = "10.77.0.100",
            Facts = new() { Manufacturer = "Dell Inc.", Product = "R650\u001b[31m", MemoryBytes = 64UL << 30 },
        },
    };

    public static Cluster Cluster(ClusterPhase phase, bool ready) => new()
    {
        Metadata = new() { Name = "c1", CreateTime = Ago(TimeSpan.FromMinutes(20)) },
        Spec = new() { Image = "talos-v1.13.8", KubernetesVersion = "v1.36.3" },
        Status = new()
        {
            Phase = phase,
            Members =
            {
                new ClusterMember { Node = "n1", Hostname = "c1-cp-1", Role = Role.ControlPlane, Phase = NodePhase.Running,
                    Ready = ready, TalosVersion = "v1.13.8" },
            },
            Waiting = { ready ? [] : new[] { new Waiting { WaitsFor = "etcd has 1 healthy member", Observed = "none" } } },
        },
    };

    public static Rollout Rollout(RolloutState state, RolloutNodeState node, string step = "", string reason = "") => new()
    {
        Metadata = new() { Name = "up" },
        Spec = new() { Cluster = "c1", TalosUpgrade = new() { Image = "talos-v1.13.9" } },
        Status = new()
        {
            State = state,
            StopReason = reason,
            Nodes = { new RolloutNode { Node = "n1", Hostname = "c1-cp-1", Role = Role.ControlPlane, FromVersion = "v1.13.8",
                ToVersion = "v1.13.9", State = node, Step = step } },
        },
    };
}
