using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Demo.Processes;
using Cozy.Fleet.Demo.Screens;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;
using Grpc.Net.Client;

namespace Cozy.Fleet.Demo;

/// <summary>What an operator does with a new rack, step by step, through nothing but the public API.</summary>
internal sealed class Journey(
    DemoOptions options, RunDirectory directory, Screen screen, FleetProcesses fleet, GrpcChannel channel, FleetView view)
{
    // Real servers need minutes for what is waited for here, and the slowest of them is not much slower than the others.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    // On a machine that does much else beside, our own processes take most of the time.
    private static readonly TimeSpan OwnTime = TimeSpan.FromMinutes(4);

    private TimeSpan Limit => (Patience * Math.Ceiling(options.Nodes / 6d) / options.Speed) + OwnTime;

    public async Task<string> CreateTokenAsync(CancellationToken cancellation)
    {
        var answer = await new EnrolmentService.EnrolmentServiceClient(channel).CreateTokenAsync(
            new() { Rack = Documents.RackName, RequestId = NewRequestId() }, cancellationToken: cancellation);
        return answer.Secret;
    }

    public async Task ApplyRackAsync(CancellationToken cancellation)
    {
        var random = new Random(options.Seed);
        var images = new ImageService.ImageServiceClient(channel);
        await BootFiles.WriteLoadersAsync(directory.Loaders, random, cancellation);
        foreach (var version in options.Stops.Prepend(options.From).Distinct())
        {
            var assets = await BootFiles.WriteImageAsync(directory.Images, version, random, cancellation);
            await images.CreateImageAsync(
                new() { Image = Documents.Image(version, assets), RequestId = NewRequestId() }, cancellationToken: cancellation);
        }
        await new RackService.RackServiceClient(channel).UpdateRackAsync(
            new() { Rack = Documents.Rack(options.From), AllowMissing = true, RequestId = NewRequestId() },
            cancellationToken: cancellation);
    }

    /// <summary>All machines were seen, said what they are, and were accepted by the rack's rule.</summary>
    public Task DiscoverAsync(CancellationToken cancellation) => UntilAsync(
        () => view.Nodes.Count(n => n.Spec.Acceptance?.State == AcceptanceState.Accepted) == options.Nodes,
        () => $"{options.Nodes} machines to be discovered and accepted, {view.Nodes.Count} were seen", Machines, cancellation);

    public async Task CreateClusterAsync(CancellationToken cancellation)
    {
        await new ClusterService.ClusterServiceClient(channel).CreateClusterAsync(
            new() { Cluster = Documents.Cluster(options), RequestId = NewRequestId() }, cancellationToken: cancellation);
        await UntilAsync(IsRunning, WhyNotRunning, Machines, cancellation);
    }

    /// <summary>Fetches the kubeconfig and uses it.</summary>
    public async Task<IReadOnlyList<KubernetesNode>> CheckKubernetesAsync(CancellationToken cancellation)
    {
        var answer = await new ClusterService.ClusterServiceClient(channel).GetKubeconfigAsync(
            new() { Name = Documents.ClusterName }, cancellationToken: cancellation);
        await File.WriteAllTextAsync(directory.Kubeconfig, answer.Kubeconfig, cancellation);
        File.SetUnixFileMode(directory.Kubeconfig, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var nodes = await KubernetesCheck.RunAsync(answer.Kubeconfig, cancellation);
        if (nodes.Count(n => n.Ready) != options.Nodes)
            throw new DemoFailure($"Kubernetes knows {nodes.Count(n => n.Ready)} ready nodes of {options.Nodes}.", directory.AgentLog);
        return nodes;
    }

    /// <summary>Upgrades the cluster to one version; what was to go wrong goes wrong meanwhile.</summary>
    public async Task<Rollout> UpgradeAsync(SemanticVersion version, SimulatedRack rack, CancellationToken cancellation)
    {
        var created = (await new RolloutService.RolloutServiceClient(channel).CreateRolloutAsync(
            new() { Rollout = Documents.Rollout(options, version), RequestId = NewRequestId() }, cancellationToken: cancellation)).Rollout;
        await UntilAsync(
            () => view.Rollout?.Metadata.Name == created.Metadata.Name && view.Rollout.Status?.Nodes.Count > 0,
            () => $"the plan of rollout {created.Metadata.Name}", null, cancellation);

        var second = view.Rollout!.Status.Nodes[Math.Min(1, options.Nodes - 1)];
        using var trouble = new Trouble(options, rack.Machines.First(m => IsMachine(second.Node, m)), rack);
        var ended = UntilAsync(HasEnded, WhyStillRunning, show => show(Boards.Rollout(view.Rollout!)), cancellation);
        var struck = trouble.StrikeAsync(fleet, screen, ended, cancellation);
        await ended;
        await struck;
        return view.Rollout!;
    }

    /// <summary>The machine that the coordinator knows by this name.</summary>
    public bool IsMachine(string node, SimulatedMachine machine) => view.Nodes.First(n => n.Metadata.Name == node)
        .Status.Macs.Contains(machine.Options.Mac.ToString(), StringComparer.OrdinalIgnoreCase);

    private bool IsRunning() => view.Cluster is { Status: { Phase: ClusterPhase.Running, Members: var members } }
        && members.Count == options.Nodes && members.All(m => m.Ready);

    private bool HasEnded() => view.Rollout!.Status.State is RolloutState.Done or RolloutState.Stopped or RolloutState.Aborted;

    private string WhyNotRunning()
    {
        var waits = (view.Cluster?.Status?.Waiting ?? []).Concat(view.Nodes.Select(n => n.Status.Waiting)).OfType<Waiting>();
        return $"cluster {Documents.ClusterName} to be Running; {string.Join("; ", waits.Select(Boards.Words).Distinct())}";
    }

    private string WhyStillRunning() => $"rollout {view.Rollout!.Metadata.Name} to end; {Boards.Words(view.Rollout.Status.Waiting)}";

    private void Machines(Action<Board> show) => show(Boards.Machines(view.Nodes));

    private Task UntilAsync(Func<bool> condition, Func<string> what, Action<Action<Board>>? draw, CancellationToken cancellation) =>
        draw is null ? WaitAsync(condition, what, () => { }, cancellation)
            : screen.LiveAsync(show => WaitAsync(condition, what, () => draw(show), cancellation));

    private async Task WaitAsync(Func<bool> condition, Func<string> what, Action draw, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        var timeout = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, limit.Token);
        while (true)
        {
            // The signal before the look: a change in between is not missed.
            var next = view.NextAsync();
            draw();
            if (condition())
                return;
            var first = await Task.WhenAny(next, timeout, fleet.Lost);
            cancellation.ThrowIfCancellationRequested();
            if (first == fleet.Lost)
                throw await fleet.Lost;
            if (first == timeout)
                throw new DemoFailure($"Waited {Limit.TotalSeconds:0} seconds for {what()}.", directory.CoordinatorLog);
            await next;
        }
    }

    private static string NewRequestId() => Guid.NewGuid().ToString();
}
