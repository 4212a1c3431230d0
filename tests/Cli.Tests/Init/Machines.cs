using System.Runtime.CompilerServices;
using Cozy.Fleet.Cli.Init;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests.Init;

/// <summary>A rack in maintenance mode, and golden files of what becomes of it.</summary>
internal static class Machines
{
    public static Rack Rack { get; } = new() { Metadata = new() { Name = "r1" }, Spec = new() { DiscoveryImage = "talos-v1.13.9" } };

    public static Image[] Images { get; } = [Image("v1.11.6"), Image("v1.13.9")];

    public static Inventory Inventory { get; } = new(Rack, Images, [Node("a"), Node("b"), Node("c"), Node("d")]);

    /// <summary>Machine a has one disk, and a label; b and d have three; c has a name from DHCP.</summary>
    public static Node Node(string letter)
    {
        var (hex, number) = ($"0{letter}", letter[0] - 'a' + 1);
        var node = new Node
        {
            Metadata = new() { Name = $"node-{letter}" },
            Spec = new() { Acceptance = new() { State = AcceptanceState.Pending } },
            Status = new()
            {
                Phase = NodePhase.PendingAcceptance, Stage = MachineStage.Maintenance, Rack = "r1", Address = $"10.0.0.10{number}",
                Macs = { $"52:54:00:00:{hex}:01" },
                Facts = new()
                {
                    Manufacturer = "Dell Inc.", Serial = $"S-{letter.ToUpperInvariant()}", CpuThreads = 16, MemoryBytes = 64UL << 30,
                    Hostname = letter == "c" ? "compute-c" : $"talos-{letter}x2-8kq", DefaultLink = "eno1", Gateway = "10.0.0.1",
                    NameServers = { "10.0.0.2" },
                    Disks = { new Disk { Device = "/dev/sda", SizeBytes = 480_000_000_000, Serial = "D1", Transport = "sata" } },
                    Links =
                    {
                        new Link
                        {
                            Name = "eno1", Mac = $"52:54:00:00:{hex}:01", Up = true, SpeedMegabits = 10000,
                            Addresses = { $"10.0.0.10{number}/24" },
                        },
                        new Link { Name = "eno2", Mac = $"52:54:00:00:{hex}:02" },
                    },
                },
            },
        };
        if (letter == "a")
            node.Metadata.Labels["disks"] = "one";
        if (letter is "b" or "d")
            node.Status.Facts.Disks.Add([Nvme(0), Nvme(1)]);
        return node;
    }

    public static string PathOf(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../testdata/init", name));

    public static ClusterAnswers Answers(string yaml)
    {
        using var input = new StringReader(yaml);
        return AnswersFile.Read("-", input).Answers;
    }

    /// <summary>Compares with a golden file; with COZY_FLEET_REWRITE_GOLDEN=1 it is written anew.</summary>
    public static void AssertGolden(string name, string actual)
    {
        if (Environment.GetEnvironmentVariable("COZY_FLEET_REWRITE_GOLDEN") == "1")
            File.WriteAllText(PathOf(name), actual);
        Assert.Equal(File.ReadAllText(PathOf(name)), actual);
    }

    private static Image Image(string talos) => new()
    {
        Metadata = new() { Name = $"talos-{talos}" }, Spec = new() { TalosVersion = talos },
    };

    private static Disk Nvme(int number) => new()
    {
        Device = $"/dev/nvme{number}n1", SizeBytes = 400_000_000_000 + (400_000_000_000UL * (ulong)number), Model = "PM9A3",
        Serial = $"N{number}", Transport = "nvme",
    };
}
