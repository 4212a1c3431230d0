using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Simulator;

/// <summary>What goes wrong on purpose.</summary>
public enum Fault
{
    None,

    /// <summary>The installer of an upgrade fails.</summary>
    InstallFails,

    /// <summary>After an upgrade the machine comes up from its other slot.</summary>
    BootsOldVersion,

    /// <summary>After an upgrade the machine does not come back.</summary>
    NeverReturns,

    /// <summary>Every boot takes eight times as long.</summary>
    SlowBoot,

    /// <summary>After each boot the API closes every connection for a while.</summary>
    ApiFlaps,
}

/// <summary>The firmware that a machine starts with.</summary>
public enum SimulatedFirmware
{
    Bios,
    UefiX64,
}

/// <summary>One machine as it stands in the rack.</summary>
public sealed record MachineOptions(string Name, MacAddress Mac, MachineUuid Uuid, SimulatedFirmware Firmware)
{
    public string Serial { get; init; } = "";

    public ulong DiskBytes { get; init; } = 64UL << 30;

    public Fault Fault { get; init; }

    /// <summary>How often the fault strikes; then the machine behaves.</summary>
    public int FaultCount { get; init; } = 1;

    /// <summary>The port of the machine API; 50000 on real machines.</summary>
    public int TalosPort { get; init; } = 50000;
}

/// <summary>How machines reach the agent of their rack.</summary>
/// <param name="Dhcp">Where broadcasts go: the agent's DHCP server.</param>
/// <param name="TftpPort">PXE firmware always uses 69; a rehearsal without root cannot.</param>
/// <param name="Relay">The address that the machines' relay stands at; the agent's answers come back to it.</param>
public sealed record RackWiring(IPEndPoint Dhcp, int TftpPort, IPAddress Relay);

/// <summary>How time passes for a machine. All durations are those of a mid-size server, divided by the speed.</summary>
public sealed class Pace(TimeProvider clock, double speed)
{
    public TimeProvider Clock => clock;

    public Task WaitAsync(double seconds, CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromSeconds(seconds / speed), clock, cancellation);

    public TimeSpan Scaled(double seconds) => TimeSpan.FromSeconds(seconds / speed);
}

/// <summary>What happened to a machine, for tests that want to know what really was.</summary>
/// <param name="What">
/// on, off, netboot, diskboot, bootfailure, maintenance, config, installer (a run begins), install, upgrade, slotdestroyed, bootstrap,
/// splitbrain, ready, wiped (by a kernel's argument), rollback, reboot (by call, with its mode), reset (with what
/// was wiped), reverted (a tried config), down.
/// </param>
public sealed record MachineEvent(DateTimeOffset Time, string Machine, string What, string Detail = "");
