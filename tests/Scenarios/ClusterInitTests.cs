using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo;
using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;
using Grpc.Core;

namespace Cozy.Fleet.Scenarios;

/// <summary>`cozyfleet cluster init` as an operator runs it: machines that nobody accepted become a cluster with a kubeconfig.</summary>
public sealed class ClusterInitTests
{
    private const int Machines = 4;

    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("v1.11.6", "v1.34.0")]
    [InlineData("v1.13.8", "v1.36.0")]
    public async Task Machines_in_maintenance_mode_become_a_cluster_by_a_file_of_answers(string talos, string kubernetes)
    {
        await using var fleet = await RunningFleet.StartAsync(Machines, talos);
        await AcceptNobodyAsync(new(fleet.Channel), fleet.Options.From);
        await using var rack = fleet.Rack(Machines, seed: 5);
        rack.PowerOn();
        await fleet.UntilAsync("all machines wait for acceptance", view =>
            view.Nodes.Count(n => n.Status is { Stage: MachineStage.Maintenance, Phase: NodePhase.PendingAcceptance }) == Machines);

        var moved = $"{fleet.AgentAddress}"[..^1] + "5"; // Where DHCP does not put it: the leases begin at .10.
        var output = await CozyFleetCommand.RunAsync(fleet.Directory, Answers(rack, kubernetes, moved),
            "cluster", "init", Documents.ClusterName, "--answers", "-", "--directory", "made", "--yes", "--timeout", "4m");

        Assert.Contains("cluster c1 Running, 4/4 ready", output, StringComparison.Ordinal);
        var made = Path.Combine(fleet.Directory.Root, "made");
        foreach (var secret in new[] { "kubeconfig", "talosconfig" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(made, secret)));
        var nodes = await KubernetesCheck.RunAsync(await File.ReadAllTextAsync(Path.Combine(made, "kubeconfig"), cancellation), cancellation);
        Assert.Equal(["c1-cp-2", "c1-cp-3", "first", "worker"], nodes.Where(node => node.Ready).Select(node => node.Name).Order());
        Assert.All(nodes, node => Assert.Equal(kubernetes, node.KubeletVersion));
        var config = (await new ClusterService.ClusterServiceClient(fleet.Channel).GetMachineConfigAsync(
            new() { Node = "first", Compare = true }, cancellationToken: cancellation)).Comparison;
        Assert.Empty(config.Drift.Concat(config.Pending));
        Assert.Equal(moved, fleet.Node("first").Status.Address);

        await ImportAsync(fleet);
    }

    // As if another tool had made it: all that is left of it here is an admin's talosconfig.
    private async Task ImportAsync(RunningFleet fleet)
    {
        var file = Path.Combine(fleet.Directory.Root, "talosconfig");
        await ForgetAsync(new(fleet.Channel), file);
        var nodes = fleet.View.Nodes.SelectMany(node => new[] { "--node", node.Status.Address });

        var output = await CozyFleetCommand.RunAsync(fleet.Directory, "", [
            "cluster", "import", file, "--name", "again", "--rack", Documents.RackName,
            "--image", Documents.ImageName(fleet.Options.From), .. nodes,
        ]);

        Assert.Contains("cluster/again imported from a talosconfig, only observed", output, StringComparison.Ordinal);
        await CozyFleetCommand.RunAsync(fleet.Directory, "", "cluster", "wait", "again", "--timeout", "2m");
        output = await CozyFleetCommand.RunAsync(fleet.Directory, "", "node", "check", "worker");
        Assert.Contains("Safe: ", output, StringComparison.Ordinal);
    }

    private async Task ForgetAsync(ClusterService.ClusterServiceClient clusters, string file)
    {
        var admin = await clusters.GetTalosconfigAsync(new() { Name = Documents.ClusterName, Role = "os:admin" }, cancellationToken: cancellation);
        await File.WriteAllTextAsync(file, admin.Talosconfig, cancellation);
        var cluster = (await clusters.GetClusterAsync(new() { Name = Documents.ClusterName }, cancellationToken: cancellation)).Cluster;
        cluster.Spec.Management = Management.Observed;
        cluster.Metadata.Etag = "";
        await clusters.UpdateClusterAsync(new() { Cluster = cluster }, cancellationToken: cancellation);
        await clusters.DeleteClusterAsync(new() { Name = Documents.ClusterName }, cancellationToken: cancellation);
    }

    private async Task AcceptNobodyAsync(RackService.RackServiceClient racks, SemanticVersion discovery)
    {
        var rack = Documents.Rack(discovery);
        rack.Spec.AcceptanceRules.Clear();
        await racks.UpdateRackAsync(new() { Rack = rack, RequestId = Guid.NewGuid().ToString() }, cancellationToken: cancellation);
    }

    // By their cards, as they stand on a packing list; one by DHCP, one at another address than it has now.
    private static string Answers(SimulatedRack rack, string kubernetes, string moved) =>
        $"""
        kubernetesVersion: {kubernetes}
        timeServers: [ntp.example.org]
        machines:
        - machine: {rack.Machines[0].Options.Mac}
          role: controlplane
          hostname: first
          addresses: [{moved}/24]
        - machine: {rack.Machines[1].Options.Mac}
          role: controlplane
          link: {rack.Machines[1].Options.Mac}
        - machine: {rack.Machines[2].Options.Mac}
          role: controlplane
          dhcp: true
        - machine: {rack.Machines[3].Options.Mac}
          role: worker
          hostname: worker
          diskSelector: {"{size: '>= 1GB'}"}
        """;
}
