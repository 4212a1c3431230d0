using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class GetTests
{
    [Theory]
    [InlineData("nodes")]
    [InlineData("no")]
    [InlineData("Node")]
    public async Task Nodes_are_a_table_over_all_pages_with_what_they_wait_for(string kind)
    {
        await using var cli = await WithNodesAsync();

        var run = await cli.RunAsync("get", kind);

        Assert.Equal(
            """
            NAME  PHASE              HOSTNAME  ROLE  CLUSTER  RACK  TALOS  READY  ADDRESS      AGE  WAITING
            n1    Maintenance        h1                       r1           no     10.77.0.100  3h
            n2    PendingAcceptance                           r1           no     10.77.0.100  3h   a person accepts it; unblocked by: cozyfleet node accept n2
            n3    Running            h3                       r1           no     10.77.0.100  3h

            """,
            run.Output);
    }

    [Fact]
    public async Task The_waiting_column_is_left_out_when_nobody_waits_and_a_filter_is_the_coordinators()
    {
        await using var cli = await WithNodesAsync();

        var run = await cli.RunAsync("get", "nodes", "--filter", "status.hostname = \"h3\"");
        var none = await cli.RunAsync("get", "nodes", "--filter", "status.hostname = \"h9\"");
        var wrong = await cli.RunAsync("get", "nodes", "--filter", "hostname ~ h");

        Assert.Equal(
            """
            NAME  PHASE    HOSTNAME  ROLE  CLUSTER  RACK  TALOS  READY  ADDRESS      AGE
            n3    Running  h3                       r1           no     10.77.0.100  3h

            """,
            run.Output);
        Assert.Equal(new Outcome(ExitCode.Ok, "", "There are no nodes that match.\n"), none);
        Assert.Equal(ExitCode.Refused, wrong.Code);
        Assert.Equal(2, wrong.Error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task Json_is_the_proto_form_and_lists_have_items()
    {
        await using var cli = await WithNodesAsync();

        var one = await cli.RunAsync("get", "node", "n1", "-o", "json");
        var list = System.Text.Json.Nodes.JsonNode.Parse((await cli.RunAsync("get", "nodes", "-o", "json")).Output)!;

        Assert.Equal(NodePhase.Maintenance, Node.Parser.ParseJson(one.Output).Status.Phase);
        Assert.Equal(["n1", "n2", "n3"], list["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.GetValue<string>()));
        Assert.Equal("68719476736", list["items"]![0]!["status"]!["facts"]!["memoryBytes"]!.GetValue<string>());
    }

    [Fact]
    public async Task Yaml_is_one_document_a_resource()
    {
        await using var cli = await Operator.StartAsync();
        await cli.RunAsync("apply", "-f", cli.Write("r.yaml", Samples.RackYaml));
        cli.Fleet.Racks.Put(new() { Metadata = new() { Name = "r2", CreateTime = Samples.Ago(TimeSpan.Zero) } });

        var run = await cli.RunAsync("get", "racks", "-o", "yaml");

        Assert.Equal(
            """
            apiVersion: cozy.fleet/v1
            kind: Rack
            metadata:
              name: r1
              labels:
                hall: a
              createTime: 2026-03-01T12:00:00Z
            spec:
              discoveryImage: talos-v1.13.8
            ---
            apiVersion: cozy.fleet/v1
            kind: Rack
            metadata:
              name: r2
              createTime: 2026-03-01T12:00:00Z

            """,
            run.Output);
    }

    [Fact]
    public async Task Names_are_references()
    {
        await using var cli = await WithNodesAsync();
        Assert.Equal("node/n1\nnode/n2\nnode/n3\n", (await cli.RunAsync("get", "nodes", "-o", "name")).Output);
    }

    [Fact]
    public async Task A_resource_that_is_not_there_gives_1_and_an_unknown_kind_2()
    {
        await using var cli = await Operator.StartAsync();

        Assert.Equal(new Outcome(ExitCode.Refused, "", "There is no rack 'r9'.\n"), await cli.RunAsync("get", "rack", "r9"));
        Assert.Equal(
            new Outcome(ExitCode.Usage, "", "There is no kind 'rakcs' but images, racks, nodes, fleetpatches, clusters, rollouts; did you mean racks?\n"),
            await cli.RunAsync("get", "rakcs"));
    }

    [Fact]
    public async Task Describe_tells_about_hardware_waiting_and_events_without_steering_the_terminal()
    {
        await using var cli = await WithNodesAsync();
        cli.Fleet.Events.Add(new()
        {
            Time = Samples.Ago(TimeSpan.FromMinutes(1)), Subject = "nodes/n2", Reason = "Discovered",
            Message = "The machine booted."
        });
        cli.Fleet.Events.Add(new() { Time = Samples.Ago(TimeSpan.Zero), Subject = "nodes/n1", Reason = "Other", Message = "Not ours." });

        var run = await cli.RunAsync("describe", "node", "n2");

        Assert.Equal(
            """
            Name:        n2
            Kind:        Node
            Created:     2026-03-01T09:00:00Z
            Phase:       PendingAcceptance
            Acceptance:  Pending
            Rack:        r1
            Address:     10.77.0.100
            Ready:       no
            Machine:     Dell Inc. R650 [31m
            UUID:        n2
            Memory:      64 GiB
            Waiting for:
              a person accepts it; unblocked by: cozyfleet node accept n2
            Events:
              2026-03-01T11:59:00Z nodes/n2 Discovered: The machine booted.

            """,
            run.Output);
    }

    [Fact]
    public async Task Describe_tells_which_disk_and_which_card_is_which()
    {
        await using var cli = await Operator.StartAsync();
        var node = Samples.Node("n1", NodePhase.Running, "h1");
        node.Status.Facts = new()
        {
            SystemDisk = "/dev/nvme0n1",
            Disks =
            {
                new Disk
                {
                    Device = "/dev/nvme0n1", SizeBytes = 1UL << 40, Transport = "nvme", Model = "PM9A3", Serial = "S1", Wwid = "eui.1",
                    BusPath = "/pci0000:00/1d",
                },
                new Disk { Device = "/dev/sda", SizeBytes = 1UL << 30, ReadOnly = true },
            },
            Links = { new Link { Name = "eno2", Mac = "bb", CurrentMac = "aa", Up = true, Driver = "ixgbe", BusPath = "0000:01:00.1" } },
            Bonds = { new Bond { Name = "bond0", Mac = "aa", Addresses = { "10.0.0.9/24" }, Mode = "802.3ad", Members = { "eno1", "eno2" } } },
        };
        cli.Fleet.Nodes.Put(node);

        Assert.Contains(
            """
            Disks:
              /dev/nvme0n1 1 TiB nvme PM9A3 serial S1 eui.1 at /pci0000:00/1d system disk
              /dev/sda 1 GiB read-only
            Links:
              eno2 bb (now aa) up ixgbe at 0000:01:00.1
            Bonds:
              bond0 aa down 10.0.0.9/24 802.3ad of eno1, eno2
            """, (await cli.RunAsync("describe", "node", "n1")).Output, StringComparison.Ordinal);
    }

    private static async Task<Operator> WithNodesAsync()
    {
        var cli = await Operator.StartAsync();
        cli.Fleet.Nodes.Put(Samples.Node("n1", NodePhase.Maintenance, "h1"));
        var pending = Samples.Node("n2", NodePhase.PendingAcceptance);
        pending.Status.Waiting = new() { WaitsFor = "a person accepts it", UnblockedBy = "cozyfleet node accept n2" };
        cli.Fleet.Nodes.Put(pending);
        cli.Fleet.Nodes.Put(Samples.Node("n3", NodePhase.Running, "h3"));
        return cli;
    }
}
