using System.Globalization;
using System.Net;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Demo.Processes;
using Cozy.Fleet.Demo.Screens;
using Cozy.Fleet.Simulator;
using Grpc.Core;

namespace Cozy.Fleet.Demo;

/// <summary>One run from an empty directory to the summary, and the end of everything that it started.</summary>
internal sealed class Rehearsal(DemoOptions options, Screen screen, TimeProvider clock)
{
    private const int Failed = 1;
    private const int RolloutStopped = 3;
    private const int Interrupted = 130;

    private readonly RunDirectory directory = new(options.Directory);

    public static async Task<int> RunAsync(DemoOptions options, Screen screen, CancellationToken cancellation)
    {
        try
        {
            return await new Rehearsal(options, screen, TimeProvider.System).RunAsync(cancellation);
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Interrupted; everything that was started has ended.");
            return Interrupted;
        }
        catch (DemoFailure failure)
        {
            foreach (var line in failure.LastLogLines)
                await Console.Error.WriteLineAsync(line);
            await Console.Error.WriteLineAsync(failure.Message);
            return Failed;
        }
        catch (Exception failure)
        {
            // A mistake of the demo itself: the sentence is for the person, the rest for who mends it.
            var file = Path.Combine(options.Directory, "demo-failure.txt");
            await File.WriteAllTextAsync(file, failure.ToString(), CancellationToken.None);
            await Console.Error.WriteLineAsync($"The demo failed unexpectedly: {failure.Message} The details are in {file}.");
            return Failed;
        }
    }

    private async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var network = Loopback.Reserve(Environment.ProcessId);
        directory.Create();
        screen.Say($"logs and data: {directory.Root}");
        await using var fleet = new FleetProcesses(directory, network);
        var started = clock.GetTimestamp();
        await fleet.StartCoordinatorAsync(cancellation);
        using var channel = OperatorContext.Load(directory.Context).Dial();
        await using var view = new FleetView(channel);
        try
        {
            var journey = new Journey(options, directory, screen, fleet, channel, view);
            var times = new Stopwatches(clock, started);
            return await GoAsync(journey, new(fleet, network, view), times, cancellation);
        }
        catch (RpcException failure) when (!cancellation.IsCancellationRequested)
        {
            throw new DemoFailure(
                $"The coordinator refused: {failure.Status.Detail} ({failure.StatusCode}).", directory.CoordinatorLog, failure);
        }
    }

    private async Task<int> GoAsync(Journey journey, Surroundings around, Stopwatches times, CancellationToken cancellation)
    {
        var token = await journey.CreateTokenAsync(cancellation);
        await journey.ApplyRackAsync(cancellation);
        await around.Fleet.StartAgentAsync(token, cancellation);
        var start = times.Lap();
        screen.Say($"coordinator and agent run; {options.Nodes} machines are switched on");

        await using var log = new MachineLog(directory.MachinesLog);
        await using var rack = PowerOn(around.Network, log);
        await journey.DiscoverAsync(cancellation);
        var discovery = times.Lap();
        screen.Say($"all accepted; {options.ControlPlanes} control planes and {options.Workers} workers become cluster {Documents.ClusterName}");
        await journey.CreateClusterAsync(cancellation);
        var cluster = times.Lap();
        foreach (var node in await journey.CheckKubernetesAsync(cancellation))
            screen.Say($"  {node.Name}  {(node.Ready ? "Ready" : "NotReady")}  {node.OsImage}  {node.KubeletVersion}");
        screen.Say($"kubeconfig: {directory.Kubeconfig}, /readyz says ok");
        var kubeconfig = times.Lap();

        var boots = around.View.Nodes.ToDictionary(n => n.Metadata.Name, n => n.Status.BootTraceId);
        var before = rack.History.Count;
        var rollouts = await WalkAsync(journey, rack, cancellation);
        var phases = new PhaseTimes(start, discovery, cluster, kubeconfig, times.Lap());
        var report = new SummaryBuilder(journey, around.View, [.. rack.History.Skip(before)]);
        var code = await EndAsync(report.Build(rollouts, phases, boots, directory, rack.Machines));
        if (options.Keep)
            await KeepAsync(new(rack, around.View), cancellation);
        return code;
    }

    // Minor by minor; the first rollout that does not succeed is the last.
    private async Task<IReadOnlyList<Rollout>> WalkAsync(Journey journey, SimulatedRack rack, CancellationToken cancellation)
    {
        var rollouts = new List<Rollout>();
        foreach (var version in options.Stops)
        {
            screen.Say($"upgrading to {version}, one node at a time");
            rollouts.Add(await journey.UpgradeAsync(version, rack, cancellation));
            if (rollouts[^1].Status.State != RolloutState.Done)
                break;
        }
        return rollouts;
    }

    private SimulatedRack PowerOn(Loopback network, MachineLog log)
    {
        var wiring = new RackWiring(new IPEndPoint(network.Agent, Loopback.DhcpPort), Loopback.TftpPort, network.Relay);
        var rack = new SimulatedRack(new(options.Nodes + options.Spares, wiring, options.Seed, options.Speed), clock);
        rack.Happened += log.Add;
        foreach (var machine in rack.Machines.Take(options.Nodes))
            rack.PlugOf(machine).On();
        return rack;
    }

    private async Task<int> EndAsync(Summary summary)
    {
        if (options.Json)
            Console.WriteLine(summary.ToJson());
        foreach (var sentence in summary.Sentences())
            screen.Say(sentence);
        if (summary.Rollout.State == RolloutState.Done.ToString())
            return 0;
        await Console.Error.WriteLineAsync(summary.Rollout.StopReason.ReplaceLineEndings(" "));
        return RolloutStopped;
    }

    private async Task KeepAsync(PowerSwitches switches, CancellationToken cancellation)
    {
        await Console.Error.WriteLineAsync(
            $"""
            Everything keeps running until Ctrl-C. In another terminal:
              {FleetProcesses.Cli} --context {directory.Context} get nodes
              kubectl --kubeconfig {directory.Kubeconfig} get nodes
            Here, {PowerSwitches.Usage}.
            """);
        var interrupted = Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
        using var input = new StreamReader(Console.OpenStandardInput());
        var line = input.ReadLineAsync(CancellationToken.None).AsTask();
        while (await Task.WhenAny(line, interrupted) == line && await line is { } words)
        {
            await Console.Error.WriteLineAsync(await switches.DoAsync(words));
            line = input.ReadLineAsync(CancellationToken.None).AsTask();
        }
        await interrupted.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private sealed record Surroundings(FleetProcesses Fleet, Loopback Network, FleetView View);
}

/// <summary>Seconds from one phase's end to the next.</summary>
internal sealed class Stopwatches(TimeProvider clock, long start)
{
    private long last = start;

    public double Lap()
    {
        var now = clock.GetTimestamp();
        var seconds = Math.Round(clock.GetElapsedTime(last, now).TotalSeconds, 2);
        last = now;
        return seconds;
    }

    public static string Show(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s");
}
