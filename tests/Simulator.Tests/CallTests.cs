using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Talos;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>The calls by which a node is taken down, wiped and looked after (talos.md 1.3).</summary>
public sealed class CallTests
{
    [Fact]
    public async Task A_wiped_node_boots_from_the_network_and_is_new()
    {
        await using var rack = new TestRack("v1.13.9", 2);
        await rack.BringUpAsync(controlPlanes: 1);

        var result = await TestRack.Operate(rack.Secure(1)).ResetAsync(new(Graceful: true, Reboot: true));
        await rack.UntilAsync(1, "maintenance", 2);

        Assert.Equal(TalosFailure.None, result.Failure);
        Assert.Equal("EFI,BIOS,BOOT,META,STATE,EPHEMERAL", (await rack.UntilAsync(1, "reset")).Detail);
        Assert.Equal((false, 2), (rack.Machines[1].Disk.IsInstalled, rack.Count(1, "netboot")));
    }

    [Fact]
    public async Task A_node_that_lost_its_config_boots_its_disk_and_joins_again_without_an_installation()
    {
        await using var rack = new TestRack("v1.13.9", 2);
        await rack.BringUpAsync(controlPlanes: 1);

        await TestRack.Operate(rack.Secure(1)).ResetAsync(new(Graceful: false, Reboot: true) { Partitions = ["STATE", "EPHEMERAL"] });
        await rack.UntilAsync(1, "maintenance", 2);
        Assert.True((await TestRack.Read(rack.Maintenance(1)).ViewAsync()).Installed);
        await TestRack.Operate(rack.Maintenance(1)).ApplyAsync(Encoding.UTF8.GetBytes(rack.Config(1, MachineType.Worker)), dryRun: false);
        await rack.UntilAsync(1, "ready", 2);

        Assert.Equal((1, 2), (rack.Count(1, "install"), rack.Count(1, "diskboot")));
        Assert.True((await TestRack.Read(rack.Secure(1, "os:reader")).ViewAsync()).Ready);
    }

    [Fact]
    public async Task A_control_plane_leaves_etcd_when_it_is_reset_gracefully_and_cannot_without_quorum()
    {
        await using var rack = new TestRack("v1.12.11", 3);
        await rack.BringUpAsync(controlPlanes: 3);

        await TestRack.Operate(rack.Secure(2)).ResetAsync(new(Graceful: true, Reboot: false));
        await rack.UntilAsync(2, "off");
        var members = (await TestRack.Read(rack.Secure(0)).EtcdAsync()).Members;
        await TestRack.Operate(rack.Secure(1)).ShutdownAsync(force: true);
        await rack.UntilAsync(1, "off");
        await TestRack.Operate(rack.Secure(0)).ResetAsync(new(Graceful: true, Reboot: true));
        await rack.UntilAsync(0, "diskboot", 2);

        Assert.Equal(["node-0", "node-1"], members.Select(m => m.Hostname).Order());
        Assert.Equal((0, true), (rack.Count(0, "reset"), rack.Machines[0].Disk.HasEtcdData));
    }

    [Fact]
    public async Task A_reset_that_contradicts_itself_or_names_what_is_not_there_changes_nothing()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var node = TestRack.Operate(rack.Secure(0));
        var reset = new ResetOptions(Graceful: false, Reboot: true);

        var label = await node.ResetAsync(reset with { Partitions = ["ROOT"] });
        var disk = await node.ResetAsync(reset with { UserDisks = ["/dev/sdz"] });
        var system = await node.ResetAsync(reset with { UserDisks = ["/dev/vda"] });
        var both = await node.ResetAsync(reset with { Mode = WipeMode.UserDisks, Partitions = ["STATE"] });

        Assert.Equal("Unknown: failed to get volume status with label \"ROOT\"", label.Message);
        Assert.Equal("Unknown: reset user disk failed: device /dev/sdz wasn't found", disk.Message);
        Assert.Equal("Unknown: reset user disk failed: device /dev/vda is the system disk", system.Message);
        Assert.Contains("USER_DISKS doesn't support SystemPartitionsToWipe", both.Message, StringComparison.Ordinal);
        Assert.Equal(0, rack.Count(0, "down"));
    }

    [Theory]
    [InlineData("v1.12.11", RebootMode.Default, "default")]
    [InlineData("v1.12.11", RebootMode.Force, "force")]
    [InlineData("v1.11.6", RebootMode.Powercycle, "powercycle")]
    [InlineData("v1.11.6", RebootMode.Force, null)]
    public async Task A_node_reboots_in_the_mode_that_it_knows(string version, RebootMode mode, string? seen)
    {
        await using var rack = new TestRack(version, 1);
        await rack.BringUpAsync(controlPlanes: 1);

        var result = await TestRack.Operate(rack.Secure(0)).RebootAsync(mode);

        if (seen is null)
        {
            Assert.Equal("a forced reboot came with Talos v1.12, and this node runs v1.11.6; use the mode powercycle", result.Message);
            Assert.Equal((TalosFailure.Permanent, 0), (result.Failure, rack.Count(0, "reboot")));
            return;
        }
        Assert.Equal(seen, (await rack.UntilAsync(0, "reboot")).Detail);
        await rack.UntilAsync(0, "ready", 2);
    }

    [Fact]
    public async Task Etcd_is_looked_after_alarms_size_members_and_a_snapshot()
    {
        await using var rack = new TestRack("v1.13.9", 3);
        await rack.BringUpAsync(controlPlanes: 3);
        var (node, reader) = (TestRack.Operate(rack.Secure(0)), TestRack.Read(rack.Secure(0)));
        var before = await reader.EtcdAsync();
        rack.Cluster.Change((etcd, _) => etcd.Find("node-1")!.IsOutOfSpace = true);
        var removed = before.Members.Single(m => m.Hostname == "node-2").Id;

        var alarms = (await reader.EtcdAsync()).Alarms;
        var disarmed = await node.DisarmAlarmsAsync();
        await node.DefragmentAsync();
        await node.RemoveMemberAsync(removed);
        var again = await node.RemoveMemberAsync(removed);
        var after = await reader.EtcdAsync();
        using var snapshot = new MemoryStream();
        await foreach (var piece in new TalosStreams(rack.Secure(0, "os:etcd:backup")).SnapshotAsync(TestRack.Cancellation))
            snapshot.Write(piece.Span);

        Assert.Equal(disarmed.Message, Assert.Single(alarms));
        Assert.Empty(after.Alarms);
        Assert.True(after.DbSize < before.DbSize);
        Assert.Equal((2, "NotFound: etcdserver: member not found"), (after.Members.Count, again.Message));
        var bytes = snapshot.ToArray();
        Assert.Equal(32, bytes.Length % 512);
        Assert.Equal(SHA256.HashData(bytes.AsSpan(0, bytes.Length - 32)), bytes[^32..]);
    }

    [Fact]
    public async Task Logs_and_services_are_read_and_a_kubelet_is_restarted()
    {
        await using var rack = new TestRack("v1.12.11", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var (node, streams) = (TestRack.Operate(rack.Secure(0)), new TalosStreams(rack.Secure(0, "os:reader")));

        Assert.Equal(["apid", "etcd", "kubelet", "machined", "trustd"],
            (await TestRack.Read(rack.Secure(0)).ServicesAsync()).Select(s => s.Id).Order());
        Assert.Equal(2, (await TextAsync(streams.LogsAsync("machined", tailLines: 2, follow: false,
            TestRack.Cancellation))).Split('\n').Length - 1);
        Assert.StartsWith("kern:  notice: [", await TextAsync(streams.DmesgAsync(follow: false, TestRack.Cancellation)),
            StringComparison.Ordinal);
        var unknown = await Assert.ThrowsAsync<RpcException>(() =>
            TextAsync(streams.LogsAsync("nope", null, false, TestRack.Cancellation)));
        Assert.Equal((StatusCode.Unknown, "log \"nope\" was not registered"), (unknown.StatusCode, unknown.Status.Detail));

        await using var followed = streams.LogsAsync("machined", tailLines: 0, follow: true,
            TestRack.Cancellation).GetAsyncEnumerator(TestRack.Cancellation);
        var next = followed.MoveNextAsync();
        Assert.Equal("Service \"kubelet\" restarted", (await node.RestartServiceAsync("kubelet")).Message);
        Assert.True(await next);
        Assert.Contains("ready False", Encoding.UTF8.GetString(followed.Current.Span), StringComparison.Ordinal);
        Assert.Equal("Unknown: service \"etcd\" doesn't support restart operation via API",
            (await node.RestartServiceAsync("etcd")).Message);
    }

    [Fact]
    public async Task A_kubeconfig_a_version_and_a_META_value_are_where_they_should_be()
    {
        await using var rack = new TestRack("v1.13.9", 2);
        await rack.BringUpAsync(controlPlanes: 1);

        using var kubernetes = KubernetesApiClient.From(Encoding.UTF8.GetString(await new TalosStreams(rack.Secure(0)).KubeconfigAsync(TestRack.Cancellation)));
        Assert.Equal("ok", await kubernetes.TextAsync("/readyz"));
        Assert.Equal("v1.13.9", await TestRack.Read(rack.Secure(0, "os:reader")).VersionAsync());
        Assert.Equal(TalosResult.Done(), await TestRack.Operate(rack.Secure(1)).WriteMetaAsync(10, "rack-7"u8.ToArray()));
        Assert.Equal("rack-7"u8.ToArray(), rack.Machines[1].Disk.Meta[10]);
        var worker = await Assert.ThrowsAsync<RpcException>(() => new TalosStreams(rack.Secure(1)).KubeconfigAsync(TestRack.Cancellation));
        Assert.EndsWith("; only a control plane answers Kubeconfig; ask one", worker.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_support_archive_has_every_part_and_no_secret()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        using var packed = new MemoryStream();

        await foreach (var piece in new SupportArchive(rack.Secure(0, "os:reader")).PackAsync(TestRack.Cancellation))
            packed.Write(piece.Span);

        using var archive = new System.IO.Compression.ZipArchive(packed);
        var names = archive.Entries.Select(e => e.FullName).ToArray();
        Assert.Subset(names.ToHashSet(), new HashSet<string>
            { "version.txt", "services.txt", "dmesg.log", "logs/machined.log", "logs/etcd.log", "resources/MachineStatuses.runtime.talos.dev.yaml" });
        Assert.DoesNotContain("errors.txt", names);
        foreach (var entry in archive.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            var text = await reader.ReadToEndAsync(TestRack.Cancellation);
            Assert.NotEqual("", text);
            Assert.DoesNotContain(TestRack.Secrets.Os.Key, text, StringComparison.Ordinal);
        }
    }

    private static async Task<string> TextAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var text = new StringBuilder();
        await foreach (var piece in pieces)
            text.Append(Encoding.UTF8.GetString(piece.Span));
        return text.ToString();
    }
}
