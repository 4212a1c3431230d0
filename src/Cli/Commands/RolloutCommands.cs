using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`rollout`: carries a change through a cluster, one node at a time.</summary>
internal static class RolloutCommands
{
    private delegate Task<Rollout> Order(RolloutService.RolloutServiceClient client, string name, CancellationToken cancellation);

    public static Command Create(Shell shell) => new("rollout", "Carries a change through a cluster, one node at a time.")
    {
        RolloutStart.Create(shell),
        Watch(shell),
        Each(shell, "pause", "pauses: the node in flight is finished, no further one starts", "No further node starts.", PauseAsync),
        Each(shell, "resume", "goes on", "Goes on after a pause or a stop; a node that failed is looked at again first.", ResumeAsync),
        Each(shell, "abort", "ends: the node in flight is finished, the remaining ones are cancelled",
            "Cancels the remaining nodes.", AbortAsync),
    };

    private static Command Watch(Shell shell)
    {
        var name = Parameters.Name();
        return new Command("watch", "Shows progress until the rollout ends; exits 3 when it did not finish as asked.") { name }
            .With(shell.Run((session, arguments, cancellation) =>
                RolloutWatch.ToTheEndAsync(session, arguments.GetRequiredValue(name), cancellation)));
    }

    private static Command Each(Shell shell, string word, string done, string description, Order order)
    {
        var name = Parameters.Name();
        return new Command(word, description) { name }.With(shell.Run(async (session, arguments, cancellation) =>
        {
            var rollout = await order(new(session.Calls), arguments.GetRequiredValue(name), cancellation);
            await session.PrintAsync($"{KindTable.Rollout.Reference(rollout)} {done}");
            return ExitCode.Ok;
        }));
    }

    private static async Task<Rollout> PauseAsync(RolloutService.RolloutServiceClient client, string name,
        CancellationToken cancellation) =>
        (await client.PauseRolloutAsync(new() { Name = name, RequestId = ResourceCalls.RequestId() },
            cancellationToken: cancellation)).Rollout;

    private static async Task<Rollout> ResumeAsync(RolloutService.RolloutServiceClient client, string name,
        CancellationToken cancellation) =>
        (await client.ResumeRolloutAsync(new() { Name = name, RequestId = ResourceCalls.RequestId() },
            cancellationToken: cancellation)).Rollout;

    private static async Task<Rollout> AbortAsync(RolloutService.RolloutServiceClient client, string name,
        CancellationToken cancellation) =>
        (await client.AbortRolloutAsync(new() { Name = name, RequestId = ResourceCalls.RequestId() },
            cancellationToken: cancellation)).Rollout;
}
