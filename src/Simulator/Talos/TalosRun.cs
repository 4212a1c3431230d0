using System.Net;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Cluster;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>Talos' stages with its own numbers (talos.md 1.3).</summary>
public enum Stage
{
    Unknown = 0,
    Booting = 1,
    Installing = 2,
    Maintenance = 3,
    Running = 4,
    Rebooting = 5,
    ShuttingDown = 6,
    Resetting = 7,
    Upgrading = 8,
}

/// <summary>
/// One boot of Talos on one machine: from the kernel's start until the machine reboots. Everything that a reboot forgets is
/// here; what it keeps is on the disk.
/// </summary>
internal sealed partial class TalosRun : IDisposable
{
    private readonly SimulatedMachine machine;
    private readonly SimulatedClusters clusters;
    private readonly TaskCompletionSource rebooted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource ended = new();
    private readonly Lock gate = new(); // API calls and the boot sequence meet at the run's state.

    private readonly TaskCompletionSource<NodeConfig> configured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool installerRuns;

    public TalosRun(SimulatedMachine machine, SimulatedClusters clusters, SemanticVersion version, IPAddress address, bool fromDisk)
    {
        (this.machine, this.clusters, Version, Address, FromDisk) = (machine, clusters, version, address, fromDisk);
        BootId = machine.NewBootId();
        BootTime = machine.Pace.Clock.GetUtcNow();
    }

    public SemanticVersion Version { get; }

    public IPAddress Address { get; }

    public bool FromDisk { get; }

    public string BootId { get; }

    public DateTimeOffset BootTime { get; }

    public Stage Stage { get; private set; } = Stage.Booting;

    public NodeConfig? Config { get; private set; }

    public SimulatedCluster? Cluster { get; private set; }

    /// <summary>Fires with each change of stage or readiness.</summary>
    public event Action? Changed;

    public string Hostname => Config?.Hostname is { Length: > 0 } name ? name : $"talos-{machine.Options.Mac.Format('-')[^8..]}";

    public bool InMaintenance => Stage == Stage.Maintenance;

    public SystemDisk Disk => machine.Disk;

    public MachineOptions Options => machine.Options;

    public Pace Pace => machine.Pace;

    public CancellationToken Ended => ended.Token;

    /// <summary>What keeps a booting or running node from being ready (talos.md 2.3).</summary>
    public IReadOnlyList<(string Name, string Reason)> UnmetConditions
    {
        get
        {
            if (Cluster is not { } cluster || Config is not { } config || Stage is not (Stage.Booting or Stage.Running))
                return [];
            var unmet = new List<(string, string)>();
            if (config.IsControlPlane && !cluster.Look((etcd, _) => etcd.HasQuorum && etcd.Find(Hostname) is { IsUp: true, IsLearner: false }))
                unmet.Add(("services", "etcd not running"));
            if (!cluster.Look((_, kubernetes) => kubernetes.Nodes.TryGetValue(Hostname, out var node) && node.Ready && node.BootId == BootId))
                unmet.Add(("nodeReady", $"node \"{Hostname}\" status is not available yet"));
            return unmet;
        }
    }

    public bool Ready => Stage is not Stage.Unknown && UnmetConditions.Count == 0;

    /// <summary>Runs until the machine reboots or is switched off.</summary>
    public async Task RunAsync(CancellationToken powerOff)
    {
        using var registration = powerOff.Register(() => rebooted.TrySetResult());
        var sequence = SequenceAsync();
        await rebooted.Task;
        await ended.CancelAsync();
        try
        {
            await sequence;
        }
        catch (OperationCanceledException)
        {
            // The reboot came first.
        }
        LeaveCluster();
        powerOff.ThrowIfCancellationRequested();
    }

    public void Dispose() => ended.Dispose();

    /// <summary>A complete config in maintenance mode (talos.md 3.3).</summary>
    public void Configure(NodeConfig config) => configured.TrySetResult(config);

    public void Reboot()
    {
        SetStage(Stage.Rebooting);
        rebooted.TrySetResult();
    }

    public void SetStage(Stage stage)
    {
        lock (gate)
        {
            if (Stage == stage)
                return;
            Stage = stage;
        }
        Changed?.Invoke();
    }

    /// <summary>Only one installer at a time (talos.md 1.4).</summary>
    public bool TryBeginInstall()
    {
        lock (gate)
            return !installerRuns && (installerRuns = true);
    }

    public void EndInstall()
    {
        lock (gate)
            installerRuns = false;
    }

    /// <summary>The installer of an upgrade: exit code and last line (talos.md 6.5, rollouts.md 2.5).</summary>
    public async Task<(int ExitCode, string Line)> RunInstallerAsync(string image, CancellationToken cancellation)
    {
        var target = ImageVersion(image);
        if (target is null)
            return (2, $"{image} has no version tag");
        if (target.Minor > Version.Minor + 2 || target.Minor < Version.Minor - 1)
            return (4, $"host version {Version} is too far from {target}");
        machine.Record("installer", $"{BootId} {image}");
        await Pace.WaitAsync(12, cancellation);
        if (machine.TakeFault(Fault.InstallFails))
            return (6, "failed to write the boot entry: input/output error");
        Disk.InstallUpgrade(image);
        machine.Record("upgrade", target.ToString());
        return (0, "installation of " + target + " complete");
    }

    /// <summary>The version in an image reference's tag.</summary>
    public static SemanticVersion? ImageVersion(string image) =>
        SemanticVersion.TryParse(image[(image.LastIndexOf(':') + 1)..], out var version) ? version : null;

    private async Task SequenceAsync()
    {
        await Pace.WaitAsync(machine.Options.Fault == Fault.SlowBoot ? 120 : 15, ended.Token);
        var onDisk = Disk.Config is { } yaml ? NodeConfig.TryRead(yaml, machine.DiskNames, Version.Minor, out _) : null;
        if (onDisk is null)
        {
            await MaintenanceAsync();
            return;
        }
        await JoinAsync(onDisk);
    }

    private async Task MaintenanceAsync()
    {
        SetStage(Stage.Maintenance);
        machine.Record("maintenance", Version.ToString());
        await using var api = await TalosApi.StartAsync(this, ended.Token);
        var config = await configured.Task.WaitAsync(ended.Token);
        machine.Record("config", config.Hostname);
        SetStage(Stage.Installing);
        await Pace.WaitAsync(20, ended.Token);
        Disk.InstallFirst(config.InstallImage);
        machine.Record("install", config.InstallImage);
        Reboot();
    }
}
