using System.Collections;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Domain.Rollouts;
using Google.Protobuf;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class MappingTests
{
    private static readonly string Digest = new('a', 64);

    private static readonly ImageRecord Image = new(FilledNode.Metadata("talos"), new("v1.13.1", Digest, "ghcr.io/x/installer:v1.13.1",
        [new(AssetKind.Kernel, Architecture.Arm64, "https://x/z", Digest), new(AssetKind.Initramfs, Architecture.Arm64, "https://x/y", Digest)],
        ["console=ttyS0"])
    {
        Factory = new("https://factory.test", "customization: {}", Schematic, [Architecture.Arm64]),
    });

    // The id of the schematic that changes nothing.
    private const string Schematic = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba";

    private static readonly AgentLiveness Agent = new(FilledNode.Time, 7, [new("unknown relay", 3)], [new(Digest, true, "")]);

    [Fact]
    public void Every_field_of_a_node_is_carried_over() => Assert.Empty(Unset(FilledNode.Record.ToProto("7")));

    // Talos itself says ready in maintenance mode.
    [Theory]
    [InlineData(ApiMode.Secure, MachineStage.Running, true)]
    [InlineData(ApiMode.Secure, MachineStage.Booting, false)]
    [InlineData(ApiMode.Maintenance, MachineStage.Maintenance, false)]
    public void Only_a_member_that_runs_is_ready(ApiMode mode, MachineStage stage, bool isReady)
    {
        var seen = FilledNode.Record.Observed! with { ApiMode = mode, Stage = stage, Ready = true };
        Assert.Equal(isReady, (FilledNode.Record with { Observed = seen }).ToProto("7").Status.Ready);
    }

    [Fact]
    public void Every_field_of_an_image_is_carried_over()
    {
        var image = Image.ToProto("7", [new V1.RackImage { Rack = "r1", Ready = true, Message = "whole" }]);

        // Nothing is known of an image beyond the racks' caches.
        // One source is set, not both; the other has its own test.
        Assert.Equal(["spec.imager", "status.conditions", "status.build"], Unset(image));
        Assert.Equal(Image.Spec, image.Spec.ToRecord());
    }

    [Fact]
    public void Every_field_of_a_rack_is_carried_over()
    {
        var rack = new RackRecord(FilledNode.Metadata("r1"))
        {
            Spec = new()
            {
                DiscoveryImage = "talos", AcceptanceRules = [new("all", "*")], FailureDomain = FilledNode.Record.Metadata.Labels,
                BootMenuTimeout = TimeSpan.FromSeconds(5),
            },
            AgentVersion = "0.1.0", BootUrl = "http://10.0.0.1", EventSink = "10.0.0.1:3247", KernelLog = "tcp://10.0.0.1:3248",
            CertificateSerial = "01", CertificateExpireTime = FilledNode.Time,
            SessionTime = FilledNode.Time,
            Boots = new Dictionary<string, NodeBoot>
            {
                ["node-1"] = new("node-1", "", [], "", new(BootAction.Disk, "", "")),
            }.ToImmutableSorted(),
        };

        var proto = rack.ToProto("7", Agent, [Image]);

        // A connected rack waits for nothing.
        Assert.Equal(["status.images.message", "status.waiting"], Unset(proto));
        Assert.Equal(rack.Spec.AcceptanceRules, proto.Spec.ToRecord().AcceptanceRules);
        Assert.Equal(rack.Spec.FailureDomain, proto.Spec.ToRecord().FailureDomain);
        Assert.Equal(rack.Spec.BootMenuTimeout, proto.Spec.ToRecord().BootMenuTimeout);
    }

    [Fact]
    public void Every_field_of_a_cluster_is_carried_over()
    {
        var spec = new ClusterSpec
        {
            Endpoint = "https://10.0.0.5:6443", Image = "talos", KubernetesVersion = "v1.36.3", ControlPlane = new(["a"], "*", 3),
            Workers = new(["b"], "*", 2), InstallDisk = "/dev/sda", InstallMinimumSizeBytes = 9, PodSubnets = ["10.1.0.0/16"],
            ServiceSubnets = ["10.2.0.0/16"], Patches = [new("p", Role.Worker, "a: b") { Filter = "*", Nodes = ["node-1"] }], Management = Management.Observed,
        };
        var cluster = new ClusterRecord(FilledNode.Metadata("c1"))
        {
            Spec = spec, Phase = ClusterPhase.Running, Endpoint = "https://10.0.0.5:6443", Image = "talos", BootstrapNode = "node-1",
            Members = [new("node-1", "r1", "c1-cp-1", Role.ControlPlane)], BootstrapTime = FilledNode.Time,
            Lease = new("rollouts/x", "upgrade", 4, FilledNode.Time), Conditions = FilledNode.Record.Conditions,
            Waiting = [FilledNode.Record.Waiting!],
        };

        var proto = cluster.ToProto("7", new Dictionary<string, NodeRecord> { ["node-1"] = FilledNode.Record });

        Assert.Empty(Unset(proto));
        Assert.Equal(spec, proto.Spec.ToRecord());
    }

    [Fact]
    public void Every_field_of_a_fleet_patch_is_carried_over()
    {
        var patch = new FleetPatchRecord(FilledNode.Metadata("p"), new(Role.Worker, "*", "a: b"));

        Assert.Empty(Unset(patch.ToProto("7")));
        Assert.Equal(patch.Spec, patch.ToProto("7").Spec.ToRecord());
    }

    [Fact]
    public void Every_field_of_a_rollout_is_carried_over()
    {
        var spec = new RolloutSpec("c1", "talos", ["node-1"], RolloutStrategy.Default with { AllowControlPlaneDowntime = true });
        var node = new RolloutNode("node-1", "c1-cp-1", Role.ControlPlane, "v1.12.0", "", "v1.13.1", "")
        {
            State = RolloutNodeState.Failed, Waiting = FilledNode.Record.Waiting, Message = "it broke",
            DisruptionStartTime = FilledNode.Time, DisruptionEndTime = FilledNode.Time,
            Steps = [new(RolloutStepKind.PreGates, FilledNode.Time, FilledNode.Time, "failed", "etcd")],
        };
        var rollout = new RolloutRecord(FilledNode.Metadata("x"), spec)
        {
            State = RolloutState.Stopped, PlanDigest = "d", Nodes = [node], Waiting = FilledNode.Record.Waiting, StopReason = "why",
            Requested = "pause", Traceparent = FilledNode.Traceparent, StartTime = FilledNode.Time, EndTime = FilledNode.Time,
        };

        var proto = rollout.ToProto("7");

        Assert.Empty(Unset(proto));
        Assert.Equal(("PreGates", "0af7651916cd43dd8448eb211c80319c"), (proto.Status.Nodes[0].Step, proto.Status.TraceId));
        Assert.Equal(spec, proto.Spec.ToRecord());
    }

    [Fact]
    public void A_strategy_that_is_not_given_is_the_usual_one() =>
        Assert.Equal(RolloutStrategy.Default, new V1.RolloutSpec { Cluster = "c1" }.ToRecord().Strategy);

    [Theory]
    [InlineData(true, "", V1.CacheState.Ready)]
    [InlineData(false, "fetching", V1.CacheState.Fetching)]
    [InlineData(false, "wrong digest", V1.CacheState.Failed)]
    public void The_state_of_an_image_follows_from_its_files(bool ready, string message, V1.CacheState state)
    {
        var agent = Agent with { Assets = [new(Digest, ready, message)] };

        Assert.Equal(state, Assert.Single(ImageCache.Images(agent, [Image])).State);
    }

    // The paths of fields that hold nothing; a list speaks for its first element.
    private static IEnumerable<string> Unset(IMessage message, string at = "")
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            var value = field.Accessor.GetValue(message);
            var path = at + field.Name;
            var first = field.IsRepeated ? ((IEnumerable)value).Cast<object>().FirstOrDefault() : value;
            if (IsEmpty(first))
                yield return path;
            else if (first is IMessage inner && !inner.Descriptor.FullName.StartsWith("google.", StringComparison.Ordinal))
                foreach (var deeper in Unset(inner, path + "."))
                    yield return deeper;
        }
    }

    private static bool IsEmpty(object? value) => value is null or "" or false or 0 or 0L or 0U or 0UL
        || (value is Enum number && Convert.ToInt32(number, null) == 0);
}

internal static class SortedExtensions
{
    public static System.Collections.Immutable.ImmutableSortedDictionary<string, T> ToImmutableSorted<T>(this Dictionary<string, T> from) =>
        System.Collections.Immutable.ImmutableSortedDictionary.CreateRange(from);
}
