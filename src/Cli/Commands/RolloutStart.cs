using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`rollout start`: plans a rollout and starts it, or only shows the plan.</summary>
internal sealed class RolloutStart
{
    private readonly Argument<string> cluster = new("CLUSTER") { Description = "The cluster to change." };

    private readonly Option<string> image = new("--image") { Description = "The image that every node gets.", HelpName = "IMAGE",
        Required = true };

    private readonly Option<string> name = new("--name")
    {
        Description = "The rollout's name; without it the coordinator chooses one.", HelpName = "NAME", DefaultValueFactory = _ => "",
    };

    private readonly Option<string[]> nodes = new("--node")
    {
        Description = "Only this node, by name or hostname; may be repeated.", HelpName = "NODE", AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<TimeSpan> soak = Parameters.Span("--soak",
        "How long a node must stay green before the next starts; without it 30s.");

    private readonly Option<bool> downtime = new("--allow-control-plane-downtime")
    {
        Description = "Reboot a node of a cluster that cannot lose it: a single control plane.",
    };

    private readonly Option<bool> dryRun = new("--dry-run") { Description = "Show the plan and start nothing." };

    private readonly Option<bool> watch = new("--watch", "-w") { Description = "Show progress until the rollout ends." };

    public static Command Create(Shell shell)
    {
        var start = new RolloutStart();
        return new Command("start", "Plans a rollout and starts it.")
        {
            start.cluster, start.image, start.name, start.nodes, start.soak, start.downtime, start.dryRun, start.watch,
        }.With(shell.Run(start.RunAsync));
    }

    private async Task<int> RunAsync(Session session, ParseResult arguments, CancellationToken cancellation)
    {
        var isDry = arguments.GetValue(dryRun);
        var request = new CreateRolloutRequest { Rollout = Wanted(arguments), RequestId = ResourceCalls.RequestId(), ValidateOnly = isDry };
        var client = new RolloutService.RolloutServiceClient(session.Calls);
        var made = (await client.CreateRolloutAsync(request, cancellationToken: cancellation)).Rollout;
        if (isDry)
        {
            await session.PrintAsync(Plan(made));
            return ExitCode.Ok;
        }
        await session.PrintAsync($"{KindTable.Rollout.Reference(made)} started");
        return arguments.GetValue(watch) ? await RolloutWatch.ToTheEndAsync(session, made.Metadata.Name, cancellation) : ExitCode.Ok;
    }

    private Rollout Wanted(ParseResult arguments)
    {
        var strategy = new RolloutStrategy { AllowControlPlaneDowntime = arguments.GetValue(downtime) };
        if (arguments.GetValue(soak) is { Ticks: > 0 } green)
            strategy.Soak = Duration.FromTimeSpan(green);
        return new()
        {
            Metadata = new() { Name = arguments.GetRequiredValue(name) },
            Spec = new()
            {
                Cluster = arguments.GetRequiredValue(cluster),
                TalosUpgrade = new() { Image = arguments.GetRequiredValue(image) },
                Nodes = { arguments.GetValue(nodes) ?? [] },
                Strategy = strategy,
            },
        };
    }

    private static IEnumerable<string> Plan(Rollout rollout)
    {
        var steps = (rollout.Status ?? new()).Nodes;
        var rows = steps.Index().Select(step => (IReadOnlyList<string>)
            [$"{step.Index + 1}", RolloutRows.Who(step.Item), Words.Of(step.Item.Role), step.Item.FromVersion, step.Item.ToVersion,
                Note(step.Item)]);
        return [.. Table.Rows(["ORDER", "NODE", "ROLE", "FROM", "TO", "NOTE"], rows), "Nothing was started (dry run)."];
    }

    private static string Note(RolloutNode node) =>
        node.State == RolloutNodeState.Skipped && node.Message == "" ? "skipped" : RolloutRows.Note(node);
}
