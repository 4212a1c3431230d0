using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Talos;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Tests;

public sealed class ClusterTests
{
    [Fact]
    public async Task Machines_install_reboot_from_disk_and_become_a_cluster()
    {
        await using var rack = new TestRack("v1.13.9", 4);

        await rack.BringUpAsync(controlPlanes: 3);

        var view = await TestRack.Read(rack.Secure(3, "os:reader")).ViewAsync();
        Assert.Equal((4, true, "v1.13.9", true, false), (view.Stage, view.Ready, view.Version, view.Installed, view.FallbackPending));
        Assert.Equal(new string('a', 64), view.SchematicId);
        var etcd = await TestRack.Read(rack.Secure(0, "os:reader")).EtcdAsync();
        Assert.Equal(["node-0", "node-1", "node-2"], etcd.Members.Select(m => m.Hostname).Order());
        Assert.All(etcd.Members, m => Assert.False(m.IsLearner));
        Assert.Equal(etcd.MemberId, etcd.LeaderId);
        Assert.All(rack.Machines, m =>
            Assert.Equal((2, 1, 1), (m.Counters.Boots, m.Counters.InstallerRuns, m.Counters.MostInstallerRunsInOneBoot)));
    }

    [Fact]
    public async Task A_control_plane_waits_for_its_bootstrap_which_is_done_once()
    {
        await using var rack = new TestRack("v1.12.11", 1);
        await rack.BringUpAsync(controlPlanes: 1);

        var again = await TestRack.Operate(rack.Secure(0)).BootstrapAsync();

        Assert.Equal(TalosFailure.Permanent, again.Failure);
        Assert.StartsWith("AlreadyExists: ", again.Message, StringComparison.Ordinal);
        Assert.Equal(1, rack.Count(0, "bootstrap"));
    }

    [Fact]
    public async Task A_worker_cannot_be_bootstrapped_and_has_no_kubeconfig()
    {
        await using var rack = new TestRack("v1.13.9", 2);
        await rack.BringUpAsync(controlPlanes: 1);
        var worker = rack.Secure(1);

        var refused = await TestRack.Operate(worker).BootstrapAsync();
        using var call = TestRack.Raw(worker).Kubeconfig(new Empty(), cancellationToken: TestRack.Cancellation);
        var unimplemented = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(TestRack.Cancellation));

        Assert.StartsWith("Unimplemented: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(StatusCode.Unimplemented, unimplemented.StatusCode);
    }

    [Fact]
    public async Task A_reboot_keeps_the_system_and_changes_the_boot_id()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var before = await TestRack.Read(rack.Secure(0)).ViewAsync();

        Assert.Equal(TalosFailure.None, (await TestRack.Operate(rack.Secure(0)).RebootAsync()).Failure);
        await rack.UntilAsync(0, "ready", 2);

        var after = await TestRack.Read(rack.Secure(0)).ViewAsync();
        Assert.Equal((4, true, "v1.13.9"), (after.Stage, after.Ready, after.Version));
        Assert.NotEqual(before.BootId, after.BootId);
    }

    [Fact]
    public async Task The_kubeconfig_of_a_node_opens_its_API_server()
    {
        await using var rack = new TestRack("v1.13.9", 2);
        await rack.BringUpAsync(controlPlanes: 1);

        using var call = TestRack.Raw(rack.Secure(0)).Kubeconfig(new Empty(), cancellationToken: TestRack.Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(TestRack.Cancellation));
        using var kubernetes = KubernetesApiClient.From(Unpack(call.ResponseStream.Current.Bytes.ToByteArray()));

        Assert.Equal("ok", await kubernetes.TextAsync("/readyz"));
        var nodes = (await kubernetes.GetAsync("/api/v1/nodes"))["items"]!.AsArray();
        Assert.Equal(["node-0", "node-1"], nodes.Select(n => n!["metadata"]!["name"]!.ToString()));
        Assert.All(nodes, n => Assert.Equal("Talos (v1.13.9)", n!["status"]!["nodeInfo"]!["osImage"]!.ToString()));
    }

    // The archive has no trailer, so an ordinary reader may stop after the one entry (talos.md 0, trap 14).
    private static string Unpack(byte[] packed)
    {
        using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        gzip.CopyTo(plain);
        var size = Convert.ToInt32(Encoding.ASCII.GetString(plain.ToArray(), 124, 11), 8);
        Assert.Equal(512 + size, plain.Length);
        plain.Position = 0;
        using var tar = new TarReader(plain);
        var entry = tar.GetNextEntry()!;
        Assert.Equal("kubeconfig", entry.Name);
        using var reader = new StreamReader(entry.DataStream!);
        return reader.ReadToEnd();
    }
}
