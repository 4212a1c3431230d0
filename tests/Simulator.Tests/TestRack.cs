using System.Net;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Talos;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>
/// Machines in maintenance mode on loopback addresses of their own, in haste: a second of theirs is some milliseconds. Tests wait for
/// what happens, never for time.
/// </summary>
internal sealed class TestRack : IAsyncDisposable
{
    private const double Speed = 200;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly Lazy<SecretsBundle> SharedSecrets = new(() =>
        SecretsBundle.Generate(SemanticVersion.Parse("v1.12.0"), TimeProvider.System.GetUtcNow()));

    private static int nextNetwork;

    private readonly CancellationTokenSource power = new();
    private readonly SimulatedClusters clusters = new();
    private readonly List<Task> running = [];
    private readonly List<TalosConnection> connections = [];
    private readonly List<MachineEvent> history = [];
    private readonly Lock gate = new(); // Machines report from their own threads.
    private readonly string network;
    private readonly SemanticVersion version;
    private TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TestRack(string version, int machines, Fault fault = Fault.None, string commandLine = "")
    {
        this.version = SemanticVersion.Parse(version);
        // 127.0.0.0/8 is all ours; processes and tests that run at the same time must not meet.
        network = $"127.{64 + Environment.ProcessId / 256 % 128}.{Environment.ProcessId % 256}";
        var first = Interlocked.Add(ref nextNetwork, machines) - machines + 1;
        for (var number = 0; number < machines; number++)
            Start(first + number, fault, commandLine);
    }

    public List<SimulatedMachine> Machines { get; } = [];

    public List<IPAddress> Addresses { get; } = [];

    public Cluster.SimulatedCluster Cluster => clusters.Of(Secrets.ClusterId);

    public static SecretsBundle Secrets => SharedSecrets.Value;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Everything that happened so far.</summary>
    public IReadOnlyList<MachineEvent> History
    {
        get
        {
            lock (gate)
                return [.. history];
        }
    }

    /// <summary>How often it happened to a machine.</summary>
    public int Count(int machine, string what) => History.Count(e => e.Machine == Machines[machine].Options.Name && e.What == what);

    /// <summary>Waits until it happened so often to a machine.</summary>
    public Task<MachineEvent> UntilAsync(int machine, string what, int times = 1) => UntilAsync(() =>
        History.Where(e => e.Machine == Machines[machine].Options.Name && e.What == what).Skip(times - 1).FirstOrDefault(), what);

    public TalosConnection Maintenance(int machine) => Keep(TalosConnection.Maintenance(Addresses[machine], TalosConnection.DefaultPort));

    public TalosConnection Secure(int machine, string role = "os:admin", SecretsBundle? issuer = null, SecretsBundle? trusted = null)
    {
        var issued = Credentials.Talos(issuer ?? Secrets, role, TimeSpan.FromHours(1), TimeProvider.System.GetUtcNow());
        return Secure(machine, issued, trusted);
    }

    public TalosConnection Secure(int machine, CertificateAndKey issued, SecretsBundle? trusted = null) => Keep(TalosConnection.Secure(
        Addresses[machine], TalosConnection.DefaultPort, new((trusted ?? Secrets).Os.Certificate, issued.Certificate, issued.Key)));

    public static TalosOperator Operate(TalosConnection connection) => new(connection, Cancellation);

    public static TalosReader Read(TalosConnection connection) => new(connection, Cancellation);

    public static MachineService.MachineServiceClient Raw(TalosConnection connection) => new(connection.Invoker);

    public string Config(int machine, MachineType type, string image = "") => MachineConfigGenerator.Generate(
        new(version, new(1, version.Minor + 20, 1), "rack", new($"https://{Addresses[0]}:6443"), $"node-{machine}", "/dev/vda",
            image == "" ? $"factory.example/metal-installer/{new string('a', 64)}:{version}" : image),
        Secrets, type);

    /// <summary>From maintenance mode to a cluster: control planes first, workers after.</summary>
    public async Task BringUpAsync(int controlPlanes, Func<string, string>? change = null)
    {
        for (var machine = 0; machine < Machines.Count; machine++)
        {
            await UntilAsync(machine, "maintenance");
            var config = Config(machine, machine < controlPlanes ? MachineType.ControlPlane : MachineType.Worker);
            config = change?.Invoke(config) ?? config;
            var applied = await Operate(Maintenance(machine)).ApplyAsync(System.Text.Encoding.UTF8.GetBytes(config), dryRun: false);
            Assert.Equal(TalosResult.Done(), applied);
        }
        await UntilAsync(0, "diskboot");
        await BootstrapAsync(0);
        for (var machine = 0; machine < Machines.Count; machine++)
            await UntilAsync(machine, "ready");
    }

    /// <summary>Bootstraps as soon as the node lets it; each try is another look at a node that boots.</summary>
    public async Task BootstrapAsync(int machine)
    {
        var connection = Secure(machine);
        TalosResult result;
        do
            result = await Operate(connection).BootstrapAsync();
        while (result.Failure is TalosFailure.Transient or TalosFailure.Contention or TalosFailure.OutcomeUnknown);
        Assert.Equal(TalosResult.Done(), result);
    }

    public async ValueTask DisposeAsync()
    {
        connections.ForEach(c => c.Dispose());
        await power.CancelAsync();
        await Task.WhenAll(running);
        power.Dispose();
    }

    private void Start(int number, Fault fault, string commandLine)
    {
        var address = IPAddress.Parse($"{network}.{number}");
        var options = new MachineOptions($"m{number}", MacAddress.Parse($"52:54:00:00:00:{number:x2}"), default, SimulatedFirmware.Bios) { Fault = fault };
        var machine = SimulatedMachine.Started(
            options, new(version, commandLine, address), clusters, new(TimeProvider.System, Speed), new(number), Happened);
        Machines.Add(machine);
        Addresses.Add(address);
        running.Add(machine.RunAsync(power.Token));
    }

    /// <summary>Ends it with the rack.</summary>
    public TalosConnection Keep(TalosConnection connection)
    {
        connections.Add(connection);
        return connection;
    }

    private void Happened(MachineEvent happened)
    {
        TaskCompletionSource waiting;
        lock (gate)
        {
            history.Add(happened);
            (waiting, more) = (more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        waiting.SetResult();
    }

    private async Task<MachineEvent> UntilAsync(Func<MachineEvent?> look, string what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(Limit);
        while (true)
        {
            Task next;
            lock (gate)
                next = more.Task;
            if (look() is { } found)
                return found;
            // A machine whose task has ended will never report again.
            if (running.Find(t => t.IsFaulted) is { } broken)
                await broken;
            try
            {
                await next.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
            {
                Assert.Fail($"'{what}' did not happen. What did: {string.Join("; ", History.Select(e => $"{e.Machine} {e.What} {e.Detail}"))}");
            }
        }
    }
}
