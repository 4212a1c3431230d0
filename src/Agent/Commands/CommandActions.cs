using Cozy.Fleet.Agent.Kubernetes;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Agent.Commands;

/// <summary>What each command does, with the credentials that came with it.</summary>
internal sealed class CommandActions(NodeDial dial, PowerControl power, TimeProvider clock)
{
    private readonly ConfigTrial trial = new(dial, clock);

    public Task<CommandResult> ExecuteAsync(Command command, Action<string> progress, CancellationToken cancellation) =>
        command.ActionCase switch
        {
            Command.ActionOneofCase.Cordon or Command.ActionOneofCase.Drain or Command.ActionOneofCase.Uncordon
                or Command.ActionOneofCase.DeleteNodeObject => OnKubernetesAsync(command, cancellation),
            Command.ActionOneofCase.SwitchPower => power.SwitchAsync(command, cancellation),
            Command.ActionOneofCase.None => Task.FromResult(
                Result(command, CommandOutcome.Refused, FailureClass.Permanent, "this agent does not know that action; update it")),
            _ => OnTalosAsync(command, progress, cancellation),
        };

    private async Task<CommandResult> OnTalosAsync(Command command, Action<string> progress, CancellationToken cancellation)
    {
        using var connection = dial.To(command.Node, command.Address, command.Talos);
        if (connection is null)
            return Result(command, CommandOutcome.Failed, FailureClass.Transient, "the node has no address that this agent knows");
        var result = command.ApplyConfiguration?.Mode == Contracts.V1.ApplyMode.Try
            ? await trial.RunAsync(connection, command, cancellation)
            : await CallAsync(new TalosOperator(connection, cancellation), command, progress);
        var message = result.Failure == TalosFailure.Transient
            ? $"{result.Message} ({await connection.ExplainAsync(cancellation)})"
            : result.Message;
        return Result(command, result, message);
    }

    private static Task<TalosResult> CallAsync(TalosOperator node, Command command, Action<string> progress) => command.ActionCase switch
    {
        Command.ActionOneofCase.ApplyConfiguration => ApplyAsync(node, command.ApplyConfiguration),
        Command.ActionOneofCase.Bootstrap => node.BootstrapAsync(),
        Command.ActionOneofCase.PullImage => node.PullAsync(command.PullImage.Image, progress),
        Command.ActionOneofCase.InstallUpgrade => node.InstallUpgradeAsync(command.InstallUpgrade.Image, progress),
        Command.ActionOneofCase.LegacyUpgrade => node.LegacyUpgradeAsync(command.LegacyUpgrade.Image, command.LegacyUpgrade.Preserve),
        Command.ActionOneofCase.Reboot => node.RebootAsync((Talos.RebootMode)command.Reboot.Mode),
        Command.ActionOneofCase.Shutdown => node.ShutdownAsync(command.Shutdown.Force),
        Command.ActionOneofCase.Rollback => node.RollbackAsync(),
        Command.ActionOneofCase.Reset => node.ResetAsync(Options(command.Reset)),
        Command.ActionOneofCase.DefragmentEtcd => node.DefragmentAsync(),
        Command.ActionOneofCase.RemoveEtcdMember => node.RemoveMemberAsync(command.RemoveEtcdMember.MemberId),
        Command.ActionOneofCase.DisarmEtcdAlarms => node.DisarmAlarmsAsync(),
        Command.ActionOneofCase.RestartService => node.RestartServiceAsync(command.RestartService.Id),
        _ => node.ForfeitLeadershipAsync(),
    };

    // The details of a dry run hold the differences and with them secrets: who wants those asks with a query, which is not recorded.
    private static async Task<TalosResult> ApplyAsync(TalosOperator node, ApplyConfiguration apply)
    {
        var verdict = await node.ApplyAsync(apply.Config.Memory, new ApplyOptions
        {
            DryRun = apply.DryRun,
            Mode = apply.Mode switch
            {
                Contracts.V1.ApplyMode.NoReboot => Talos.ApplyMode.NoReboot,
                Contracts.V1.ApplyMode.Staged => Talos.ApplyMode.Staged,
                _ => Talos.ApplyMode.Auto,
            },
        });
        return verdict.Outcome.Failure == TalosFailure.None ? TalosResult.Done(string.Join("; ", verdict.Warnings)) : verdict.Outcome;
    }

    private static ResetOptions Options(Reset reset) => new(reset.Graceful, reset.Reboot)
    {
        Mode = (Talos.WipeMode)reset.Mode, Partitions = reset.Partitions, UserDisks = reset.UserDisks,
    };

    private async Task<CommandResult> OnKubernetesAsync(Command command, CancellationToken cancellation)
    {
        using var kubernetes = new KubernetesClient(command.Kubernetes);
        var node = new NodeMaintenance(kubernetes, command.Hostname, clock, cancellation);
        try
        {
            if (command.ActionCase == Command.ActionOneofCase.DeleteNodeObject)
            {
                return await node.DeleteAsync() is { } stays
                    ? Result(command, CommandOutcome.Failed, FailureClass.Permanent, stays)
                    : Result(command, CommandOutcome.Succeeded, FailureClass.Unspecified, "its Node is gone from Kubernetes");
            }
            if (command.ActionCase == Command.ActionOneofCase.Drain)
            {
                return await node.DrainAsync(command.Drain.Timeout.ToTimeSpan()) is { } blockers
                    ? Result(command, CommandOutcome.Failed, FailureClass.Contention, blockers)
                    : Result(command, CommandOutcome.Succeeded, FailureClass.Unspecified, "drained");
            }
            var message = command.ActionCase == Command.ActionOneofCase.Cordon
                ? await node.CordonAsync(command.Cordon.Operation)
                : await node.UncordonAsync(command.Uncordon.Operation);
            return Result(command, CommandOutcome.Succeeded, FailureClass.Unspecified, message);
        }
        catch (HttpRequestException failure)
        {
            // All of them may be repeated: a lost answer is as good as none.
            return Result(command, CommandOutcome.Failed, FailureClass.Transient, failure.Message);
        }
    }

    private CommandResult Result(Command command, TalosResult result, string message)
    {
        var answer = Result(command, result.Failure switch
        {
            TalosFailure.None => CommandOutcome.Succeeded,
            TalosFailure.OutcomeUnknown => CommandOutcome.Unknown,
            _ => CommandOutcome.Failed,
        }, result.Failure switch
        {
            TalosFailure.Transient => FailureClass.Transient,
            TalosFailure.Contention => FailureClass.Contention,
            TalosFailure.Environment => FailureClass.Environment,
            TalosFailure.Permanent => FailureClass.Permanent,
            _ => FailureClass.Unspecified,
        }, message);
        answer.ExitCode = result.ExitCode;
        return answer;
    }

    private CommandResult Result(Command command, CommandOutcome outcome, FailureClass failureClass, string message) => new()
    {
        OperationId = command.OperationId, Owner = command.Owner, Outcome = outcome, FailureClass = failureClass, Message = message,
        FinishTime = clock.GetUtcNow().ToTimestamp(),
    };
}
