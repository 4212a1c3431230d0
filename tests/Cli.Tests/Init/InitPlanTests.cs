using Cozy.Fleet.Cli.Init;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests.Init;

public sealed class InitPlanTests
{
    public static TheoryData<string, string> Wrong => new()
    {
        { "{}", "machines: a cluster needs at least one machine with the role controlplane" },
        { "image: talos-v1\n" + A, "image: there is no image 'talos-v1': talos-v1.11.6, talos-v1.13.9" },
        { "kubernetesVersion: latest\n" + A, "kubernetesVersion: 'latest' is not a version such as v1.36.3" },
        { "kubernetesVersion: v1.30.0\n" + A, "kubernetesVersion: Talos v1.13.9 runs Kubernetes v1.31 to v1.36, not v1.30.0." },
        { "endpoint: 10.0.0.1\n" + A, "endpoint: '10.0.0.1' is not https://HOST:PORT" },
        { "sharedAddress: vip\nmachines: [{machine: node-a, role: controlplane, dhcp: true}]", "sharedAddress: 'vip' is no address" },
        { "timeServers: [a b]\n" + A, "timeServers[0]: 'a b' is neither a name nor an address" },
        { "podSubnets: [10.0.0.0/8, x]\n" + A, "podSubnets[1]: 'x' is not a network such as 10.244.0.0/16" },
        { Second("role: worker"), "machines[1].machine: is missing: a name, a beginning of it, a MAC address or a serial number" },
        {
            Second("machine: node-z, role: worker"),
            "machines[1].machine: rack r1 has no machine 'node-z'; free are node-a, node-b, node-c, node-d"
        },
        {
            Second("machine: node-, role: worker"),
            "machines[1].machine: 'node-' fits 4 machines, node-a, node-b, node-c, node-d; say more of the name"
        },
        { Second("machine: node-c"), "machines[1].role: is missing: controlplane or worker" },
        { Second("machine: node-c, role: ROLE_WORKER"), "machines[1].role: 'ROLE_WORKER' is neither controlplane nor worker" },
        { Second("machine: node-a, role: worker, hostname: x, dhcp: true"), "machines[1].machine: node-a is that of machines[0], too" },
        { Second("machine: node-c, role: worker, hostname: c1-cp-1"), "machines[1].hostname: c1-cp-1 is that of machines[0], too" },
        { Second("machine: node-c, role: worker, addresses: [10.0.0.101/24]"), "machines[1].addresses: 10.0.0.101 is that of" },
        {
            "sharedAddress: 10.0.0.10\n" + Second("machine: node-c, role: worker, addresses: [10.0.0.10/24]"),
            "machines[1].addresses: 10.0.0.10 is the shared address"
        },
        {
            "sharedAddress: 10.9.0.10\n" + A,
            "machines[0]: The shared address '10.9.0.10' is in none of the networks of 10.0.0.101/24."
        },
        { Second("machine: node-c, role: worker, hostname: A"), "machines[1]: The hostname 'A' is not made of" },
        { Second("machine: node-c, role: worker, gateway: 10.9.0.1"), "machines[1]: The gateway '10.9.0.1' is in none of" },
        { Second("machine: node-c, role: worker, dhcp: true, addresses: [10.0.0.7/24]"), "machines[1].dhcp: cannot be true" },
        { Second("machine: node-b, role: worker"), "machines[1].disk: is missing: /dev/sda, /dev/nvme0n1, /dev/nvme1n1" },
        {
            Second("machine: node-b, role: worker, disk: /dev/sdx"),
            "machines[1].disk: machine.install.disk (/dev/sdx) is no disk of this node, which has /dev/sda (480 GB) D1, "
        },
        {
            Second("machine: node-b, role: worker, diskSelector: {type: nvme}"),
            "machines[1].diskSelector: machine.install.diskSelector (type: nvme) is 2 disks of this node, and must be one: "
        },
        {
            Second("machine: node-b, role: worker, disk: /dev/sda, diskSelector: {serial: N1}"),
            "machines[1].diskSelector: cannot be set together with disk"
        },
        {
            Second("machine: node-c, role: worker, link: eno7"),
            "machines[1].link: LinkConfig eno7: name (eno7) is no link of this node, which has eno1 ("
        },
        {
            Second("machine: node-c, role: worker, link: 52:54:00:00:00:99"),
            "machines[1].link: 52:54:00:00:00:99 is no link of this machine, which has eno1 (52:54:00:00:0c:01), eno2 ("
        },
        {
            Second("machine: node-c, role: worker, bond: {members: [eno1, eno7], mode: active-backup}"),
            "machines[1].bond.members: BondConfig bond0: links[1] (eno7) is no link"
        },
        {
            Second("machine: node-c, role: worker, bond: {members: [52:54:00:00:00:99], mode: active-backup}"),
            "machines[1].bond.members[0]: 52:54:00:00:00:99 is no link"
        },
        { Second("machine: node-c, role: worker, bond: {members: [eno1]}"), "machines[1]: The bond's mode '' is none of" },
    };

    private const string A = "machines: [{machine: node-a, role: controlplane}]";

    [Theory]
    [MemberData(nameof(Wrong))]
    public void An_answer_that_cannot_be_used_is_named_with_the_reason(string answers, string expected)
    {
        var plan = InitPlan.Make("c1", Machines.Answers(answers), Machines.Inventory, out var problems);

        Assert.Null(plan);
        Assert.StartsWith(expected, AnswersFile.Plain(Assert.Single(problems)), StringComparison.Ordinal);
    }

    public static TheoryData<Action<Node>, string> Gone => new()
    {
        { node => node.Status.Cluster = "c0", "is a member of cluster c0" },
        { node => node.Spec.Acceptance.State = AcceptanceState.Rejected, "was rejected" },
        { node => node.Spec.Paused = true, "is paused" },
        { node => node.Status.QuarantineReason = "its installer failed", "is quarantined: its installer failed" },
        { node => node.Status.Stage = MachineStage.Unspecified, "is not in maintenance mode" },
        { node => node.Status.Facts = null, "has not told yet what it is made of" },
    };

    [Theory]
    [MemberData(nameof(Gone))]
    public void A_machine_that_is_gone_is_refused_with_the_reason(Action<Node> change, string expected)
    {
        var node = Machines.Node("a");
        change(node);
        var inventory = Machines.Inventory with { Nodes = [node] };

        InitPlan.Make("c1", Machines.Answers(A), inventory, out var problems);

        Assert.Empty(inventory.Free);
        Assert.Equal($"machines[0].machine: node-a {expected}", AnswersFile.Plain(Assert.Single(problems)));
    }

    [Fact]
    public void What_is_allowed_and_unwise_is_noted()
    {
        var answers = Machines.Answers(
            "machines: [{machine: node-a, role: controlplane}, {machine: S-C, role: controlplane, addresses: [10.0.0.7/24]}]");

        var plan = InitPlan.Make("c1", answers, Machines.Inventory, out _);

        Assert.Equal(
            [
                "Without a shared address nobody reaches the Kubernetes API while c1-cp-1 is down.",
                "2 control planes bear the loss of no more of them than 1 do.",
                "compute-c moves from 10.0.0.103 to 10.0.0.7/24 with its config.",
            ],
            plan!.Notes());
    }

    [Fact]
    public void The_coordinator_chooses_the_endpoint_of_machines_that_ask_DHCP()
    {
        var answers = Machines.Answers("machines: [{machine: node-a, role: controlplane, dhcp: true}]");

        Assert.Equal("", InitPlan.Make("c1", answers, Machines.Inventory, out _)!.Endpoint);
    }

    private static string Second(string machine) => $"machines: [{{machine: node-a, role: controlplane}}, {{{machine}}}]";
}
