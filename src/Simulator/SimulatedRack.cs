using System.Collections.Concurrent;
using System.Globalization;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Simulator.Firmware;

namespace Cozy.Fleet.Simulator;

/// <summary>What stands in the rack, and how fast its time passes.</summary>
/// <param name="Speed">1 is the pace of real servers; 20 makes a boot take two seconds.</param>
public sealed record RackOptions(int Count, RackWiring Wiring, int Seed, double Speed)
{
    /// <summary>Faults by the machine's number, counted from 1.</summary>
    public IReadOnlyDictionary<int, Fault> Faults { get; init; } = new Dictionary<int, Fault>();

    public int TalosPort { get; init; } = 50000;
}

/// <summary>Machines of one rack in this process. BIOS and UEFI take turns; everything that chance decides follows from the seed.</summary>
public sealed class SimulatedRack : IAsyncDisposable
{
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentQueue<MachineEvent> history = new();
    private readonly Dictionary<SimulatedMachine, PowerPlug> plugs;

    public SimulatedRack(RackOptions options, TimeProvider clock)
    {
        var random = new Random(options.Seed);
        var clusters = new SimulatedClusters();
        var pace = new Pace(clock, options.Speed);
        Machines =
        [
            .. Enumerable.Range(1, options.Count).Select(number =>
                New(Machine(options, number, random), options.Wiring, clusters, pace, new Random(random.Next()))),
        ];
        plugs = Machines.ToDictionary(machine => machine, machine => new PowerPlug(machine));
    }

    public IReadOnlyList<SimulatedMachine> Machines { get; }

    /// <summary>Everything that happened so far, in order.</summary>
    public IReadOnlyCollection<MachineEvent> History => history;

    public event Action<MachineEvent>? Happened;

    /// <summary>Switches all machines on.</summary>
    public void PowerOn()
    {
        foreach (var plug in plugs.Values)
            plug.On();
    }

    /// <summary>The power of one of <see cref="Machines"/>.</summary>
    public PowerPlug PlugOf(SimulatedMachine machine) => plugs[machine];

    /// <summary>
    /// Waits until the token is cancelled, Talos has switched all machines off, or one breaks, which is an error in this program.
    /// </summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var ended in Task.WhenEach(plugs.Values.Select(plug => plug.Life)).WithCancellation(stop))
                await ended;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop, as intended.
        }
    }

    /// <summary>Switches all machines off and waits until they are.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(plugs.Values.Select(plug => plug.DisposeAsync().AsTask()));
        http.Dispose();
    }

    private SimulatedMachine New(MachineOptions machine, RackWiring wiring, SimulatedClusters clusters, Pace pace, Random chance) =>
        new(machine, new NetworkBoot(machine, wiring, pace, chance, http), clusters, pace, chance, Add);

    private static MachineOptions Machine(RackOptions options, int number, Random random)
    {
        var uuid = new byte[16];
        random.NextBytes(uuid);
        var mac = string.Create(CultureInfo.InvariantCulture, $"52:54:00:{random.Next(256):x2}:{number >> 8:x2}:{number & 255:x2}");
        MachineUuid.TryFromSmbios(uuid, out var machineUuid);
        return new($"m{number}", MacAddress.Parse(mac), machineUuid,
            number % 2 == 1 ? SimulatedFirmware.Bios : SimulatedFirmware.UefiX64)
        {
            Serial = string.Create(CultureInfo.InvariantCulture, $"SIM-{number:D4}"),
            Fault = options.Faults.GetValueOrDefault(number),
            TalosPort = options.TalosPort,
        };
    }

    private void Add(MachineEvent happened)
    {
        history.Enqueue(happened);
        Happened?.Invoke(happened);
    }
}
