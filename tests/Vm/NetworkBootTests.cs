using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Vm;

/// <summary>
/// Real firmware under software emulation boots over a real bridge through the real agent, and a machine becomes a cluster.
/// `./fleet vm` shows the same with its consoles.
/// </summary>
public sealed class NetworkBootTests
{
    // Emulated machines on two cores that other tests use as well: a boot takes under a minute alone.
    private static readonly TimeSpan BootLimit = TimeSpan.FromMinutes(5);

    private static readonly MachineKind[] Kinds = [MachineKind.BiosVirtio, MachineKind.BiosE1000, MachineKind.UefiVirtio];

    [Fact]
    public async Task Bios_and_uefi_machines_reach_maintenance_and_one_becomes_a_cluster()
    {
        var guest = FleetInNamespace.InRepository(".run/vm");
        Assert.SkipUnless(Missing(guest) is null, Missing(guest) ?? "");
        var cancellation = TestContext.Current.CancellationToken;
        var directory = Directory.CreateDirectory(Path.Combine(guest, "last-test")).FullName;
        Directory.Delete(directory, recursive: true);
        Directory.CreateDirectory(directory);

        await using var network = await RackNetwork.CreateAsync(cancellation);
        await using var fleet = await FleetInNamespace.StartAsync(network, directory, cancellation);
        await fleet.ApplyAsync("image", await FleetInNamespace.ImageYamlAsync(guest, cancellation), cancellation);
        await fleet.ApplyAsync("rack", RackYaml, cancellation);
        var nodes = fleet.StartCli("nodes", ["watch", "nodes", "-o", "json"]);

        var machines = new List<VirtualMachine>();
        try
        {
            foreach (var kind in Kinds)
                machines.Add(await VirtualMachine.PowerOnAsync(network, kind, directory, cancellation));
            foreach (var machine in machines)
                await nodes.WaitForLineAsync(InPhase(machine.Uuid, "MAINTENANCE"), BootLimit, cancellation);
            await TakeIntoClusterAsync(fleet, machines[0], nodes, cancellation);
        }
        finally
        {
            foreach (var machine in machines)
                await machine.DisposeAsync();
        }
    }

    private static async Task TakeIntoClusterAsync(
        FleetInNamespace fleet, VirtualMachine machine, LoggedProcess nodes, CancellationToken cancellation)
    {
        await fleet.CliAsync(["node", "accept", machine.Uuid], cancellation);
        await fleet.ApplyAsync("cluster", ClusterYaml(machine.Uuid), cancellation);
        await nodes.WaitForLineAsync(InPhase(machine.Uuid, "RUNNING"), BootLimit, cancellation);
        Assert.Contains("clusters:", await fleet.CliAsync(["cluster", "kubeconfig", "solo"], cancellation), StringComparison.Ordinal);
    }

    private const string RackYaml =
        """
        apiVersion: cozy.fleet/v1
        kind: Rack
        metadata:
          name: r1
        spec:
          discoveryImage: guest
        """;

    private static string ClusterYaml(string node) =>
        $"""
        apiVersion: cozy.fleet/v1
        kind: Cluster
        metadata:
          name: solo
        spec:
          image: guest
          kubernetesVersion: v1.36.3
          controlPlane:
            nodes: [{node}]
        """;

    // One resource a line: name and phase of a node stand in the same one.
    private static Regex InPhase(string uuid, string phase) =>
        new($"(?=.*{Regex.Escape(uuid)})(?=.*\"NODE_PHASE_{phase}\")", RegexOptions.None, TimeSpan.FromSeconds(1));

    private static string? Missing(string guest) =>
        !Environment.IsPrivilegedProcess ? "network namespaces need root"
        : !File.Exists("/dev/net/tun") ? "this machine has no /dev/net/tun"
        : !File.Exists(Path.Combine(guest, "initramfs.gz")) ? "no guest: `./fleet setup vm` makes it"
        : !CanMakeNamespace() ? "this machine does not allow network namespaces"
        : null;

    private static bool CanMakeNamespace()
    {
        using var unshare = Process.Start(new ProcessStartInfo("unshare", ["--net", "true"]) { RedirectStandardError = true });
        unshare!.WaitForExit();
        return unshare.ExitCode == 0;
    }
}
