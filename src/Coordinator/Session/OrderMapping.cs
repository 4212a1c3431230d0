using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Agents;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Coordinator.Session;

/// <summary>Orders and their results between the domain and the session's messages.</summary>
internal static class OrderMapping
{
    public static Command ToMessage(AgentOrder order, OrderCredentials credentials)
    {
        var command = new Command
        {
            OperationId = order.OperationId,
            Owner = order.Owner,
            Cluster = order.Cluster,
            FencingNumber = order.FencingNumber,
            Deadline = order.Deadline.ToTimestamp(),
            Traceparent = order.Traceparent,
            Node = order.Node,
            Address = order.Address,
            Hostname = order.Hostname,
            Talos = SessionMapping.ToMessage(credentials.Talos),
            Kubernetes = SessionMapping.ToMessage(credentials.Kubernetes),
            Bmc = SessionMapping.ToMessage(credentials.Bmc),
        };
        SetAction(command, order.Action);
        return command;
    }

    public static OrderResult ToDomain(CommandResult result) => new(
        result.OperationId, result.Owner,
        result.Outcome switch
        {
            CommandOutcome.Succeeded => OrderOutcome.Succeeded,
            CommandOutcome.Failed => OrderOutcome.Failed,
            CommandOutcome.Refused => OrderOutcome.Refused,
            _ => OrderOutcome.Unknown,
        },
        (Domain.Agents.FailureClass)(int)result.FailureClass,
        result.Message, result.ExitCode, result.FinishTime?.ToDateTimeOffset() ?? default);

    private static void SetAction(Command command, OrderAction action)
    {
        switch (action)
        {
            case OrderAction.ApplyConfiguration apply:
                command.ApplyConfiguration = new() { Config = ByteString.CopyFromUtf8(apply.Config) };
                break;
            case OrderAction.Bootstrap:
                command.Bootstrap = new();
                break;
            case OrderAction.PullImage pull:
                command.PullImage = new() { Image = pull.Image };
                break;
            case OrderAction.InstallUpgrade install:
                command.InstallUpgrade = new() { Image = install.Image };
                break;
            case OrderAction.LegacyUpgrade upgrade:
                command.LegacyUpgrade = new() { Image = upgrade.Image, Preserve = upgrade.Preserve };
                break;
            case OrderAction.Reboot reboot:
                command.Reboot = new() { Mode = (Contracts.V1.RebootMode)reboot.Mode };
                break;
            case OrderAction.ForfeitLeadership:
                command.ForfeitLeadership = new();
                break;
            case OrderAction.Cordon cordon:
                command.Cordon = new() { Operation = cordon.Operation };
                break;
            case OrderAction.Drain drain:
                command.Drain = new() { Timeout = drain.Timeout.ToDuration() };
                break;
            case OrderAction.Uncordon uncordon:
                command.Uncordon = new() { Operation = uncordon.Operation };
                break;
            case OrderAction.DeleteNodeObject:
                command.DeleteNodeObject = new();
                break;
            default:
                SetOperation(command, action);
                break;
        }
    }

    // What a person asks of one node.
    private static void SetOperation(Command command, OrderAction action)
    {
        switch (action)
        {
            case OrderAction.Shutdown shutdown:
                command.Shutdown = new() { Force = shutdown.Force };
                break;
            case OrderAction.Reset reset:
                command.Reset = new() { Graceful = reset.Graceful, Reboot = reset.Restart, Mode = (Contracts.V1.WipeMode)reset.Mode };
                command.Reset.Partitions.AddRange(reset.Partitions);
                command.Reset.UserDisks.AddRange(reset.UserDisks);
                break;
            case OrderAction.Rollback:
                command.Rollback = new();
                break;
            case OrderAction.DefragmentEtcd:
                command.DefragmentEtcd = new();
                break;
            case OrderAction.RemoveEtcdMember remove:
                command.RemoveEtcdMember = new() { MemberId = remove.MemberId };
                break;
            case OrderAction.RestartService restart:
                command.RestartService = new() { Id = restart.Id };
                break;
            case OrderAction.ChangeConfiguration change:
                command.ApplyConfiguration = new()
                {
                    Config = ByteString.CopyFromUtf8(change.Config),
                    Mode = change.How switch
                    {
                        ConfigApply.Live => ApplyMode.NoReboot,
                        ConfigApply.Trial => ApplyMode.Try,
                        _ => ApplyMode.Staged,
                    },
                };
                if (change.TrialTime > TimeSpan.Zero)
                    command.ApplyConfiguration.TryTimeout = change.TrialTime.ToDuration();
                command.ApplyConfiguration.Addresses.AddRange(change.Addresses);
                break;
            case OrderAction.SwitchPower power:
                command.SwitchPower = new()
                {
                    Action = (Contracts.V1.PowerAction)power.Action, NextBoot = (Contracts.V1.NextBoot)power.NextBoot, Uefi = power.Uefi,
                    Force = power.Force,
                };
                break;
            default:
                throw new InvalidOperationException($"{action.GetType().Name} has no message.");
        }
    }
}
