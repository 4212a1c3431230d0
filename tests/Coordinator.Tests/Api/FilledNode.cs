using System.Collections.Immutable;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>A node of which everything is known.</summary>
internal static class FilledNode
{
    public const string Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    public static readonly DateTimeOffset Time = DateTimeOffset.UnixEpoch.AddDays(20_000);

    public static ResourceMetadata Metadata(string name) => new(name, "uid-1", Time)
    {
        Generation = 3,
        UpdateTime = Time.AddHours(1),
        Labels = ImmutableSortedDictionary<string, string>.Empty.Add("topology.kubernetes.io/zone", "z1"),
        Annotations = ImmutableSortedDictionary<string, string>.Empty.Add("note", "moved in spring"),
    };

    public static NodeRecord Record { get; } = new(Metadata("node-1"))
    {
        Spec = new()
        {
            Acceptance = new(AcceptanceState.Accepted, "ann", Time), Hostname = "db-1", RoleHint = Role.Worker, Paused = true,
            Locked = true, InstallDisk = "/dev/sda",
            Bmc = new(BmcKind.Redfish, "10.0.9.1", "ops") { Ca = "pem", Fingerprint = "ab", System = "1", CipherSuite = 17 },
        },
        Phase = NodePhase.Running,
        Uuid = "4c4c4544-0042-4a10-8052-b4c04f4a3632",
        Macs = ["52:54:00:00:00:01", "52:54:00:00:00:02"],
        Serial = "S1",
        Rack = "r1",
        Firmware = Firmware.Uefi,
        Architecture = Architecture.Amd64,
        Facts = new("Dell Inc.", "R650", "S1", 64, 1UL << 38,
            [
                new("/dev/sda", 1UL << 40, "PM9A3", "D1", "nvme", true, true)
                {
                    Wwid = "eui.1", Uuid = "u", Modalias = "m", BusPath = "/pci0", Symlinks = ["/dev/disk/by-id/nvme-D1"],
                },
            ],
            [
                new("eno1", "52:54:00:00:00:01", true, 25_000, ["10.0.0.9/24"])
                {
                    PermanentMac = "52:54:00:00:00:01", CurrentMac = "52:54:00:00:00:01", Driver = "ixgbe",
                    BusPath = "0000:01:00.0", PciId = "8086:1521",
                },
            ])
        {
            SystemDisk = "/dev/sda", OtherLinkNames = ["lo"],
            Bonds =
            [
                new("bond0", "52:54:00:00:00:01", true, ["10.0.0.9/24"], ["eno1"], "802.3ad")
                {
                    LacpRate = "fast", TransmitHashPolicy = "layer3+4", Miimon = 100, Updelay = 200, Downdelay = 200,
                },
            ],
            Hostname = "talos-1", DefaultLink = "eno1", Gateway = "10.0.0.1", NameServers = ["10.0.0.2"],
        },
        Allocation = new("c1", Role.ControlPlane, "c1-cp-1", "talos"),
        Observed = new(Time, "10.0.0.9", ApiMode.Secure)
        {
            Stage = MachineStage.Running, Ready = true, TalosVersion = "v1.13.1", SchematicId = "abc", BootId = "boot-1",
            UnmetConditions = [new("time", "not in sync")],
            Kubernetes = new(true, "", true, true, false, "", "boot-1", "v1.36.3", "Talos"),
        },
        Operation = new("upgrade", "rollouts/x", "Reboot", Time),
        Conditions = [new("TalosReady", true, "Running", "it runs", Time)],
        Waiting = new("etcd is healthy", "2 of 3", Time, "start the third"),
        QuarantineReason = "fell back",
        Address = "10.0.0.9",
        ConfirmedInstallGeneration = 2,
        BootTraceparent = Traceparent,
        LastSeenTime = Time,
        Boot = new(BootAction.Netboot, "talos", "not installed"),
    };
}
