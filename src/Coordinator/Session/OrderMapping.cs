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
            case OrderAction.Reboot:
                command.Reboot = new();
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
            default:
                throw new InvalidOperationException($"{action.GetType().Name} has no message.");
        }
    }
}
