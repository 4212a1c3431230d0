using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Init;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;
using Spectre.Console.Testing;

namespace Cozy.Fleet.Cli.Tests.Init;

/// <summary>A person at the keyboard; each key is one that a person presses.</summary>
public sealed class InitDialogTests : IDisposable
{
    private readonly TestConsole console = new TestConsole().Interactive().Width(160);

    [Fact]
    public async Task Enter_on_every_question_takes_what_the_machines_have()
    {
        Enter(2); // The image, its Kubernetes version.
        Press(ConsoleKey.Enter); // The first three machines are the control planes.
        Type("n"); // No worker.
        Machine();
        Machine(disks: 3);
        Machine();
        Enter(2); // No shared address; the endpoint.

        var answers = await AskAsync();

        Assert.Equal(
            Machines.Answers("""
                rack: r1
                image: talos-v1.13.9
                kubernetesVersion: v1.36.0
                endpoint: https://10.0.0.101:6443
                machines:
                - machine: node-a
                  role: controlplane
                  hostname: c1-cp-1
                  disk: /dev/sda
                  link: eno1
                  addresses: [10.0.0.101/24]
                  gateway: 10.0.0.1
                  nameServers: [10.0.0.2]
                - machine: node-b
                  role: controlplane
                  hostname: c1-cp-2
                  disk: /dev/sda
                  link: eno1
                  addresses: [10.0.0.102/24]
                  gateway: 10.0.0.1
                  nameServers: [10.0.0.2]
                - machine: node-c
                  role: controlplane
                  hostname: compute-c
                  disk: /dev/sda
                  link: eno1
                  addresses: [10.0.0.103/24]
                  gateway: 10.0.0.1
                  nameServers: [10.0.0.2]
                """),
            answers);
    }

    [Fact]
    public async Task A_bond_a_disk_and_a_shared_address_are_chosen_by_name()
    {
        Enter(2);
        Press(ConsoleKey.Spacebar, ConsoleKey.DownArrow, ConsoleKey.Spacebar); // Not node-a, not node-b: node-c alone.
        Press(ConsoleKey.Enter);
        Type("y");
        Press(ConsoleKey.Spacebar, ConsoleKey.DownArrow, ConsoleKey.DownArrow, ConsoleKey.Spacebar,
            ConsoleKey.Enter); // Not node-a, not node-d.
        Machine(link: [ConsoleKey.DownArrow, ConsoleKey.DownArrow], bond: () =>
        {
            Press(ConsoleKey.Spacebar, ConsoleKey.DownArrow, ConsoleKey.Spacebar, ConsoleKey.Enter); // Both cards.
            Press(ConsoleKey.DownArrow, ConsoleKey.DownArrow, ConsoleKey.DownArrow,
                ConsoleKey.Enter); // 802.3ad, three below active-backup.
            Press(ConsoleKey.DownArrow, ConsoleKey.Enter); // fast
            Press(ConsoleKey.DownArrow, ConsoleKey.DownArrow, ConsoleKey.Enter); // layer3+4
            Type("100");
            Enter(2);
        });
        Machine(disks: 3, disk: [ConsoleKey.DownArrow]);
        Type("10.0.0.10");
        Enter(1);

        var answers = await AskAsync();

        var (controlPlane, worker) = (answers.Machines[0], answers.Machines[1]);
        Assert.Equal(("node-c", "bond0", "802.3ad", "fast", "layer3+4", 100),
            (controlPlane.Machine, controlPlane.Link, controlPlane.Bond.Mode, controlPlane.Bond.LacpRate,
                controlPlane.Bond.TransmitHashPolicy, controlPlane.Bond.Miimon));
        Assert.Equal(["eno1", "eno2"], controlPlane.Bond.Members);
        Assert.Equal(("node-b", "worker", "/dev/nvme0n1"), (worker.Machine, worker.Role, worker.Disk));
        Assert.Equal(("10.0.0.10", "https://10.0.0.10:6443"), (answers.SharedAddress, answers.Endpoint));
    }

    [Fact]
    public async Task What_cannot_be_used_is_said_and_asked_again_with_what_was_answered()
    {
        Enter(1);
        Type("0"); // v1.36.00
        Press(ConsoleKey.Spacebar, ConsoleKey.DownArrow, ConsoleKey.DownArrow, ConsoleKey.Spacebar, ConsoleKey.DownArrow);
        Press(ConsoleKey.Enter); // node-b alone.
        Type("n");
        Machine(disks: 3, hostname: "!");
        Machine(disks: 3, hostname: "\b");
        Type("10.9.0.1");
        Enter(1);
        Erase("10.9.0.1"); // In no network of the machine: it is asked for again, the machine is not.
        Type("10.0.0.9");
        Erase("https://10.9.0.1:6443");
        Type("https://k8s.example:6443");

        var answers = await AskAsync();

        Assert.Contains("This cannot be: machines[0]: The hostname 'c1-cp-1!' is not made of", console.Output, StringComparison.Ordinal);
        Assert.Contains(
            "This cannot be: machines[0]: The shared address '10.9.0.1' is in none of the networks of 10.0.0.102/24.", console.Output,
            StringComparison.Ordinal);
        Assert.Equal(("c1-cp-1", "10.0.0.9", "https://k8s.example:6443"),
            (answers.Machines[0].Hostname, answers.SharedAddress, answers.Endpoint));
    }

    [Fact]
    public async Task Without_a_machine_in_maintenance_mode_it_is_said_what_the_others_are()
    {
        var node = Machines.Node("a");
        node.Status.Cluster = "c0";

        var failure = await Assert.ThrowsAsync<Failure>(() => AskAsync(Machines.Inventory with { Nodes = [node] }));

        Assert.Equal("Rack r1 has no machine in maintenance mode to make a cluster of.", failure.Message);
        Assert.Equal(["node-a is a member of cluster c0"], failure.Details);
    }

    public void Dispose() => console.Dispose();

    private Task<ClusterAnswers> AskAsync(Inventory? inventory = null) =>
        new InitDialog(new(console, TestContext.Current.CancellationToken), "c1", inventory ?? Machines.Inventory).AnswersAsync();

    /// <summary>The questions about one machine, each answered with its default but those given.</summary>
    private void Machine(
        int disks = 1, string hostname = "", ConsoleKey[]? disk = null, ConsoleKey[]? link = null, Action? bond = null)
    {
        Type(hostname);
        if (disks > 1)
            Press([.. disk ?? [], ConsoleKey.Enter]);
        Press([.. link ?? [], ConsoleKey.Enter]);
        bond?.Invoke();
        Enter(3); // Addresses, gateway, name servers.
    }

    private void Enter(int times)
    {
        for (var i = 0; i < times; i++)
            console.Input.PushKey(ConsoleKey.Enter);
    }

    private void Erase(string text)
    {
        for (var i = 0; i < text.Length; i++)
            console.Input.PushKey(ConsoleKey.Backspace);
    }

    private void Press(params ConsoleKey[] keys)
    {
        foreach (var key in keys)
            console.Input.PushKey(key);
    }

    private void Type(string text)
    {
        foreach (var letter in text)
        {
            if (letter == '\b')
                console.Input.PushKey(ConsoleKey.Backspace);
            else
                console.Input.PushCharacter(letter);
        }
        console.Input.PushKey(ConsoleKey.Enter);
    }
}
