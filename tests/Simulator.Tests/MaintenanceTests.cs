using System.Text;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Talos;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Tests;

public sealed class MaintenanceTests
{
    [Theory]
    [InlineData("v1.6.8", "", "/dev/vda")]
    [InlineData("v1.10.9", "v1.10.9", "/dev/vda")]
    [InlineData("v1.12.11", "v1.12.11", "/dev/vda")]
    [InlineData("v1.13.9", "v1.13.9", "/dev/vda")]
    public async Task Every_release_shows_its_stage_disk_and_what_it_tells_of_its_version(string version, string seen, string disk)
    {
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");
        var reader = TestRack.Read(rack.Maintenance(0));

        var (view, facts) = (await reader.ViewAsync(), await reader.FactsAsync());

        Assert.Equal((3, true, seen, false), (view.Stage, view.Ready, view.Version, view.Installed));
        // Only from 1.13 does a node without config tell when it was booted.
        Assert.Equal(version == "v1.13.9", view.BootId != "");
        Assert.Equal((disk, 64UL << 30), (facts.Disks.Single().Device, facts.Disks.Single().SizeBytes));
        Assert.Equal("52:54:00", facts.Links.Single().Mac[..8]);
        // Up to 1.7 the storage service tells the disks, and knows the transport of two kinds only.
        var (found, link, name) = (facts.Disks.Single(), facts.Links.Single(), rack.Machines[0].Options.Name);
        Assert.Equal(($"sim.{name}", $"disk-{name}", version == "v1.6.8" ? "" : "virtio"), (found.Wwid, found.Serial, found.Transport));
        Assert.Equal("/pci0000:00/0000:00:05.0/virtio2", found.BusPath);
        Assert.Equal((link.Mac, "virtio_net", "0000:00:03.0"), (link.PermanentMac, link.Driver, link.BusPath));
        Assert.Equal(["lo", "enp0s3"], facts.OtherLinkNames);
        Assert.Equal(("", ""), (facts.SystemDisk, view.SystemDisk));
    }

    [Theory]
    [InlineData("v1.7.7")]
    [InlineData("v1.13.9")]
    public async Task An_installed_node_tells_its_system_disk(string version)
    {
        await using var rack = new TestRack(version, 1);
        await rack.BringUpAsync(controlPlanes: 1);

        Assert.Equal("/dev/vda", (await TestRack.Read(rack.Secure(0)).ViewAsync()).SystemDisk);
    }

    [Theory]
    [InlineData("v1.12.11", StatusCode.Unimplemented)]
    [InlineData("v1.13.9", StatusCode.PermissionDenied)]
    public async Task Nothing_but_a_config_can_be_sent_to_a_node_in_maintenance(string version, StatusCode code)
    {
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");
        var raw = TestRack.Raw(rack.Maintenance(0));

        var refusal = await Assert.ThrowsAsync<RpcException>(async () =>
            await raw.RebootAsync(new(), cancellationToken: TestRack.Cancellation));

        Assert.Equal(code, refusal.StatusCode);
    }

    [Theory]
    [InlineData("bogus: 1\n", "failed to parse config: unknown keys found during decoding: bogus")]
    [InlineData("version: v1alpha1\nmachine: {install: {disk: /dev/sdz}}\n", "configuration validation failed: the install disk \"/dev/sdz\" does not exist")]
    [InlineData("kind: EventSinkConfig\napiVersion: v1alpha1\nendpoint: a:1\n", "configuration validation failed: the v1alpha1 config is required")]
    public async Task A_bad_config_is_refused_with_the_nodes_words_and_the_node_stays(string config, string words)
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.UntilAsync(0, "maintenance");
        var maintenance = rack.Maintenance(0);

        var result = await TestRack.Operate(maintenance).ApplyAsync(Encoding.UTF8.GetBytes(config), dryRun: false);

        Assert.Equal(TalosFailure.Permanent, result.Failure);
        Assert.StartsWith("InvalidArgument: " + words, result.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await TestRack.Read(maintenance).ViewAsync()).Stage);
    }

    [Fact]
    public async Task A_config_for_a_newer_release_is_refused_by_an_older_node()
    {
        await using var rack = new TestRack("v1.10.9", 1);
        await using var newer = new TestRack("v1.12.11", 1);
        await rack.UntilAsync(0, "maintenance");

        var result = await TestRack.Operate(rack.Maintenance(0))
            .ApplyAsync(Encoding.UTF8.GetBytes(newer.Config(0, MachineType.Worker)), dryRun: true);

        Assert.Contains("machine.install.grubUseUKICmdline", result.Message, StringComparison.Ordinal);
        Assert.Contains("\"HostnameConfig\" \"v1alpha1\": not registered", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Broken_YAML_is_a_plain_error_up_to_1_12()
    {
        await using var rack = new TestRack("v1.12.11", 1);
        await rack.UntilAsync(0, "maintenance");

        var result = await TestRack.Operate(rack.Maintenance(0)).ApplyAsync("machine: ["u8.ToArray(), dryRun: false);

        Assert.StartsWith("Unknown: failed to parse config: yaml:", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_changes_nothing()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.UntilAsync(0, "maintenance");
        var maintenance = rack.Maintenance(0);
        var config = ByteString.CopyFromUtf8(rack.Config(0, MachineType.ControlPlane));

        var answer = await TestRack.Raw(maintenance).ApplyConfigurationAsync(
            new() { Data = config, Mode = ApplyConfigurationRequest.Types.Mode.Auto, DryRun = true },
                cancellationToken: TestRack.Cancellation);

        Assert.StartsWith("Dry run summary:", answer.Messages[0].ModeDetails, StringComparison.Ordinal);
        Assert.Equal(3, (await TestRack.Read(maintenance).ViewAsync()).Stage);
        Assert.Null(rack.Machines[0].Disk.Config);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Our_generated_configs_are_accepted_by_the_release_they_are_for(string version, MachineType type)
    {
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");

        var result = await TestRack.Operate(rack.Maintenance(0)).ApplyAsync(Encoding.UTF8.GetBytes(rack.Config(0, type)), dryRun: true);

        Assert.Equal(TalosResult.Done(), result);
    }

    public static TheoryData<string, MachineType> Releases() =>
        new MatrixTheoryData<string, MachineType>(
            ["v1.6.8", "v1.7.7", "v1.8.4", "v1.9.6", "v1.10.9", "v1.11.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"],
            [MachineType.ControlPlane, MachineType.Worker]);

    [Fact]
    public async Task A_node_without_config_does_not_know_our_CA_and_the_connection_says_so()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.UntilAsync(0, "maintenance");
        var secure = rack.Secure(0);

        var result = await TestRack.Operate(secure).RebootAsync();

        Assert.Equal(TalosFailure.Transient, result.Failure);
        Assert.Contains("maintenance mode", await secure.ExplainAsync(TestRack.Cancellation), StringComparison.Ordinal);
    }
}
