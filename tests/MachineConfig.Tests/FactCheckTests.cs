using System.Text.Json;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class FactCheckTests
{
    private const string Disks =
        "/dev/sda (480 GB) INTEL S4510 S1, /dev/nvme0n1 (960 GB) PM9A3 N1, /dev/nvme1n1 (960 GB) PM9A3 N2, /dev/sr0 (1 GB)";

    private static readonly NodeFacts Node = new(
        [
            new("/dev/sda", 480_000_000_000)
            {
                Model = "INTEL S4510", Serial = "S1", Transport = "sata", Symlinks = ["/dev/disk/by-id/wwn-1"],
            },
            new("/dev/nvme0n1", 960_000_000_000)
            {
                Model = "PM9A3", Serial = "N1", Transport = "nvme", BusPath = "/pci0000:00/0000:00:1d.0",
            },
            new("/dev/nvme1n1", 960_000_000_000) { Model = "PM9A3", Serial = "N2", Transport = "nvme", Wwid = "eui.2" },
            new("/dev/sr0", 1_000_000_000) { Transport = "sata", CdRom = true },
        ],
        [
            new("eno1", "52:54:00:00:00:01") { PermanentMac = "52:54:00:00:00:01", Driver = "ixgbe", BusPath = "0000:01:00.0" },
            new("eno2", "52:54:00:00:00:01") { PermanentMac = "52:54:00:00:00:02", Driver = "ixgbe", BusPath = "0000:01:00.1" },
            new("bond0", "52:54:00:00:00:01") { Physical = false },
        ]);

    public static TheoryData<string, string> InstallDisks => new()
    {
        { "disk: /dev/sda", "" },
        { "disk: /dev/disk/by-id/wwn-1", "" },
        { "disk: /dev/sdb", $"machine.install.disk (/dev/sdb) is no disk of this node, which has {Disks}." },
        { "diskSelector: {serial: N2}", "" },
        { "diskSelector: {model: INTEL*}", "" },
        { "diskSelector: {size: < 500GB}", "" },
        { "diskSelector: {size: '>= 900GB', wwid: eui.*}", "" },
        { "diskSelector: {busPath: /pci0000:00/*}", "" },
        { "diskSelector: {type: ssd, size: <= 0.5TB}", "" },
        {
            "diskSelector: {type: nvme}",
            "machine.install.diskSelector (type: nvme) is 2 disks of this node, and must be one: "
            + "/dev/nvme0n1 (960 GB) PM9A3 N1, /dev/nvme1n1 (960 GB) PM9A3 N2."
        },
        { "diskSelector: {type: hdd}", $"machine.install.diskSelector (type: hdd) is no disk of this node, which has {Disks}." },
        {
            "diskSelector: {size: '== 480GiB'}",
            $"machine.install.diskSelector (size: == 480GiB) is no disk of this node, which has {Disks}."
        },
        { "diskSelector: {serial: N2}\n    disk: /dev/nothing", "" },
    };

    public static TheoryData<string, string> Links => new()
    {
        { "machine: {network: {interfaces: [{interface: eno1}]}}", "" },
        {
            "machine: {network: {interfaces: [{interface: eth0}]}}",
            "machine.network.interfaces[eth0].interface (eth0) is no link of this node, which has eno1 (52:54:00:00:00:01, ixgbe), "
            + "eno2 (52:54:00:00:00:01, ixgbe)."
        },
        {
            "machine: {network: {interfaces: [{deviceSelector: {permanentAddr: '52:54:00:00:00:0[2]'}}]}}",
            "machine.network.interfaces[0].deviceSelector"
        },
        { "machine: {network: {interfaces: [{deviceSelector: {permanentAddr: 52:54:00:00:00:02}}]}}", "" },
        { "machine: {network: {interfaces: [{deviceSelector: {busPath: '0000:01:00.1', physical: true}}]}}", "" },
        {
            "machine: {network: {interfaces: [{deviceSelector: {driver: ixgbe}}]}}",
            "machine.network.interfaces[0].deviceSelector (driver: ixgbe) is 2 links of this node, and must be one: "
        },
        { "machine: {network: {interfaces: [{interface: bond1, bond: {deviceSelectors: [{driver: ixgbe}]}}]}}", "" },
        {
            "machine: {network: {interfaces: [{interface: bond1, bond: {deviceSelectors: [{driver: e1000}]}}]}}",
            "machine.network.interfaces[bond1].bond.deviceSelectors[0]"
        },
        {
            "machine: {network: {interfaces: [{interface: bond1, bond: {interfaces: [eno1, eno3]}}]}}",
            "machine.network.interfaces[bond1].bond.interfaces[1] (eno3)"
        },
        { "{apiVersion: v1alpha1, kind: LinkConfig, name: eno7}", "LinkConfig eno7: name (eno7) is no link" },
        {
            "{kind: BondConfig, name: bond1, links: [eno1]}\n---\n{kind: VLANConfig, name: v5, parent: bond1}\n---\n"
            + "{kind: LinkConfig, name: v5}",
            ""
        },
        { "{kind: Layer2VIPConfig, name: 10.0.0.9, link: eth0}", "Layer2VIPConfig 10.0.0.9: link (eth0)" },
    };

    // What is certain: a node of an old release, or seen by an old agent.
    [Theory]
    [InlineData("install: {diskSelector: {wwid: eui.1}}", "")]
    [InlineData("install: {diskSelector: {type: nvme}}", "")]
    [InlineData("install: {diskSelector: {model: A}}", "")]
    [InlineData("install: {disk: /dev/disk/by-id/wwn-1}", "")]
    [InlineData("install: {disk: /dev/sdx}", "machine.install.disk (/dev/sdx) is no disk of this node, which has /dev/sda (480 GB) A, /dev/")]
    [InlineData("install: {diskSelector: {wwid: eui.1, size: '> 1TB'}}", "machine.install.diskSelector (wwid: eui.1, size: > 1TB) is no disk")]
    [InlineData("install: {diskSelector: {model: B}}", "machine.install.diskSelector (model: B) is no disk of this node")]
    [InlineData("network: {interfaces: [{deviceSelector: {driver: ixgbe}}]}", "")]
    [InlineData("network: {interfaces: [{interface: eth9}]}", "")]
    [InlineData(
        "network: {interfaces: [{deviceSelector: {hardwareAddr: '52:54:*'}}]}",
        "machine.network.interfaces[0].deviceSelector (hardwareAddr: 52:54:*) is 2 links")]
    [InlineData(
        "network: {interfaces: [{deviceSelector: {hardwareAddr: 02:*}}]}",
        "machine.network.interfaces[0].deviceSelector (hardwareAddr: 02:*) is no link of this node")]
    public void What_the_node_did_not_say_is_no_contradiction(string machine, string expected)
    {
        var said = new NodeFacts(
            [new("/dev/sda", 480_000_000_000) { Model = "A" }, new("/dev/sdb", 960_000_000_000) { Model = "A" }],
            [new("eth0", "52:54:00:00:00:01"), new("eth1", "52:54:00:00:00:02")]);

        var problems = string.Concat(FactCheck.Contradictions($"machine: {{{machine}}}", said).Select(p => p.Sentence));
        Assert.Equal(expected == "", problems == "");
        Assert.StartsWith(expected, problems, StringComparison.Ordinal);
    }

    [Fact]
    public void Once_all_names_are_known_a_link_that_is_not_among_them_is_a_contradiction()
    {
        var said = Node with { OtherLinkNames = ["lo", "enp1s0"] };

        Assert.Empty(FactCheck.Contradictions(Interfaces("enp1s0", "eno1", "lo"), said));
        var problem = Assert.Single(FactCheck.Contradictions(Interfaces("eno1", "eth0"), said));
        Assert.StartsWith("machine.network.interfaces[eth0].interface (eth0) is no link", problem.Sentence, StringComparison.Ordinal);

        static string Interfaces(params string[] names) =>
            $"machine: {{network: {{interfaces: [{string.Join(", ", names.Select(name => $"{{interface: {name}}}"))}]}}}}";
    }

    [Theory]
    [MemberData(nameof(InstallDisks))]
    public void The_install_disk_is_one_of_the_nodes_disks(string install, string expected) =>
        Assert.Equal(expected, string.Concat(FactCheck.Problems($"machine:\n  install:\n    {install}\n", Node).Select(p => p.Sentence)));

    [Theory]
    [MemberData(nameof(Links))]
    public void Every_link_of_a_config_is_one_of_the_node_or_made_by_the_config(string config, string expected)
    {
        var said = string.Concat(FactCheck.Problems(config, Node).Select(p => p.Sentence));

        Assert.Equal(expected == "", said == "");
        Assert.StartsWith(expected, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("disk.dev_path == \"/dev/sda\"", "")]
    [InlineData(
        "disk.dev_path == '/dev/sdx'",
        "UnattendedInstallConfig: provisioning.diskSelector.match (disk.dev_path == '/dev/sdx') is no disk of this node")]
    [InlineData("disk.size > 1u * TiB", "")]
    public void An_expression_that_is_a_path_is_looked_up(string expression, string expected)
    {
        var config = $"kind: UnattendedInstallConfig\nprovisioning: {{diskSelector: {{match: {JsonSerializer.Serialize(expression)}}}}}\n";

        Assert.StartsWith(expected, string.Concat(FactCheck.Problems(config, Node).Select(p => p.Sentence)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.10.9")]
    [InlineData("v1.13.9")]
    [InlineData("v1.14.0")]
    public void A_generated_config_fits_a_node_with_its_disk(string talos)
    {
        var config = MachineConfigGenerator.Generate(Fixture.Input(talos, "v1.33.0"), Fixture.Secrets, MachineType.Worker);

        Assert.Empty(FactCheck.Problems(config, Node));
        Assert.Single(FactCheck.Problems(config, Node with { Disks = EquatableArray.Create<DiskFacts>([]) }));
    }
}
