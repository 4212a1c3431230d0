using System.Net;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Talos.Api.Machine;

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
    // The network to a sink is real, however fast a machine's time passes.
    private static readonly TimeSpan LeastDrain = TimeSpan.FromSeconds(2);

    private readonly SimulatedMachine machine;
    private readonly SimulatedClusters clusters;
    private readonly BootedKernel kernel;
    private readonly TaskCompletionSource rebooted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource ended = new();
    private readonly Lock gate = new(); // API calls and the boot sequence meet at the run's state.
    private readonly int? fallbackAtBoot;

    private readonly TaskCompletionSource<NodeConfig> configured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MachineStatusEvent? published;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TalosRun(SimulatedMachine machine, SimulatedClusters clusters, BootedKernel kernel)
    {
        (this.machine, this.clusters, this.kernel) = (machine, clusters, kernel);
        BootId = machine.NewBootId();
        BootTime = machine.Pace.Clock.GetUtcNow();
        fallbackAtBoot = kernel.FromDisk ? machine.Disk.Fallback : null;
        Events = new(BootTime);
        Installer = new(machine, kernel.Version, BootId);
    }

    public SemanticVersion Version => kernel.Version;

    /// <summary>Where the node answers: its config may give it another address than DHCP did.</summary>
    public IPAddress Address => Config?.Address ?? kernel.Address;

    public bool HasStaticAddress => Config?.Address is not null;

    public string BootId { get; }

    public DateTimeOffset BootTime { get; }

    public EventLog Events { get; }

    public Installer Installer { get; }

    public Stage Stage { get; private set; } = Stage.Booting;

    public NodeConfig? Config { get; private set; }

    public SimulatedCluster? Cluster { get; private set; }

    public string Hostname => Config?.Hostname is { Length: > 0 } name ? name : $"talos-{machine.Options.Mac.Format('-')[^8..]}";

    /// <summary>The run ended with the machine switched off by Talos itself.</summary>
    public bool IsShutDown { get; private set; }

    public bool InMaintenance => Stage == Stage.Maintenance;

    public SystemDisk Disk => machine.Disk;

    public MachineOptions Options => machine.Options;

    public Pace Pace => machine.Pace;

    public CancellationToken Ended => ended.Token;

    /// <summary>META key 6 as this boot sees it: an installer's new value shows after the reboot only (rollouts.md 2.4).</summary>
    public int? Fallback => Disk.Fallback is null ? null : fallbackAtBoot;

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

    /// <summary>Completes with the next change of anything that the node shows.</summary>
    public Task NextChange()
    {
        lock (gate)
            return Task.WhenAny(changed.Task, Cluster?.NextChange() ?? changed.Task);
    }

    /// <summary>Runs until the machine reboots or is switched off.</summary>
    /// <exception cref="IOException">The boot failed, such as when its address is taken.</exception>
    public async Task RunAsync(CancellationToken powerOff)
    {
        using var registration = powerOff.Register(() => rebooted.TrySetResult());
        var sequence = SequenceAsync();
        // A sequence that ends by itself has failed; it is awaited below.
        await Task.WhenAny(rebooted.Task, sequence);
        await EndAsync(powerOff);
        try
        {
            await sequence;
            await rebooted.Task;
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The reboot came first.
        }
        finally
        {
            LeaveCluster();
        }
        powerOff.ThrowIfCancellationRequested();
    }

    public void Dispose() => ended.Dispose();

    /// <summary>A complete config in maintenance mode (talos.md 3.3).</summary>
    public void Configure(NodeConfig config) => configured.TrySetResult(config);

    public void Reboot()
    {
        Events.Append(new SequenceEvent { Sequence = "reboot", Action = SequenceEvent.Types.Action.Start });
        SetStage(Stage.Rebooting);
        rebooted.TrySetResult();
    }

    public void Unreachable(string why) => machine.Record("unreachable", $"{Address}: {why}");

    /// <summary>The machine goes off and stays off.</summary>
    public void PowerOff()
    {
        IsShutDown = true;
        rebooted.TrySetResult();
    }

    public void SetStage(Stage stage)
    {
        lock (gate)
            Stage = stage;
        PublishStatus();
    }

    // What is left of the events goes out first, as far as there is time (talos.md 3.5); a switched-off machine says nothing.
    private async Task EndAsync(CancellationToken powerOff)
    {
        Events.Complete();
        Changed();
        if (!powerOff.IsCancellationRequested)
        {
            var drain = Pace.Scaled(10) is var scaled && scaled > LeastDrain ? scaled : LeastDrain;
            await Task.WhenAny(pushing, Task.Delay(drain, Pace.Clock, powerOff));
        }
        await ended.CancelAsync();
        try
        {
            await pushing;
        }
        catch (OperationCanceledException)
        {
            // Whoever should be told was away until the end.
        }
    }

    private async Task SequenceAsync()
    {
        Events.Append(new SequenceEvent { Sequence = "boot", Action = SequenceEvent.Types.Action.Start });
        PublishStatus();
        await Pace.WaitAsync(machine.Options.Fault == Fault.SlowBoot ? 120 : 15, ended.Token);
        // A config on disk wins over everything else, also when the kernel came from the network (talos.md 3.1).
        var onDisk = Disk.Config is { } yaml ? NodeConfig.TryRead(yaml, SimulatedMachine.DiskNames, Version, out _) : null;
        received = onDisk;
        pushing = PushAsync();
        var hostname = onDisk?.Hostname is { Length: > 0 } name ? name : Hostname;
        Events.Append(new AddressEvent { Hostname = hostname, Addresses = { Address.ToString() } });
        if (onDisk is null)
            await MaintenanceAsync();
        else
            await JoinAsync(onDisk);
    }

    private async Task MaintenanceAsync()
    {
        Events.Append(new TaskEvent { Task = "runningMaintenance", Action = TaskEvent.Types.Action.Start });
        SetStage(Stage.Maintenance);
        NodeConfig config;
        await using (await TalosApi.StartAsync(this, ended.Token))
        {
            machine.Record("maintenance", Version.ToString());
            config = await configured.Task.WaitAsync(ended.Token);
            machine.Record("config", config.Hostname);
            received = config;
            Events.Append(new TaskEvent { Task = "runningMaintenance", Action = TaskEvent.Types.Action.Stop });
            if (!Disk.IsInstalled)
            {
                await InstallAsync(config);
                Reboot();
                return;
            }
        }
        // A system that lost only its config goes on with the new one, without installation and reboot (talos.md 3.3).
        Disk.Reconfigure(config.Yaml);
        SetStage(Stage.Booting);
        await JoinAsync(config);
    }

    private async Task InstallAsync(NodeConfig config)
    {
        Events.Append(new SequenceEvent { Sequence = "install", Action = SequenceEvent.Types.Action.Start });
        Events.Append(new PhaseEvent { Phase = "install", Action = PhaseEvent.Types.Action.Start });
        SetStage(Stage.Installing);
        var image = config.InstallImage is { Length: > 0 } named ? named : $"ghcr.io/siderolabs/installer:{Version}";
        machine.Record("installer", $"{BootId} {image}");
        await Pace.WaitAsync(20, ended.Token);
        if (ImageReference.VersionOf(image) is null)
            throw new IOException($"the installer image {image} cannot be pulled");
        machine.Counters.InstallerRan();
        Disk.InstallFirst(image, config.Yaml, CarriedArguments());
        await Disk.SyncAsync(ended.Token);
        machine.Record("install", image);
    }

    /// <summary>Tells the status when it is another than the last one told.</summary>
    private void PublishStatus()
    {
        lock (gate)
        {
            var status = new MachineStatusEvent
            {
                Stage = (MachineStatusEvent.Types.MachineStage)Stage,
                Status = new() { Ready = UnmetConditions.Count == 0 },
            };
            status.Status.UnmetConditions.AddRange(UnmetConditions.Select(c =>
                new MachineStatusEvent.Types.MachineStatus.Types.UnmetCondition { Name = c.Name, Reason = c.Reason }));
            if (!status.Equals(published))
                Events.Append(published = status);
        }
        Changed();
    }

    private void Changed()
    {
        TaskCompletionSource waiting;
        lock (gate)
            (waiting, changed) = (changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        waiting.SetResult();
    }
}
