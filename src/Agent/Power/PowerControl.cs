using System.Runtime.CompilerServices;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Power.Ipmi;
using Cozy.Fleet.Agent.Power.Redfish;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Power;

/// <summary>Switches machines by their BMCs and asks them, with the credentials that came along; nothing of them is kept.</summary>
internal sealed class PowerControl(AgentConfig config, BmcTurns turns, TimeProvider clock)
{
    public async Task<CommandResult> SwitchAsync(Command command, CancellationToken cancellation)
    {
        if (command.Bmc is not { Bmc: not null } access)
            return Result(command, CommandOutcome.Failed, FailureClass.Permanent, "the command came without a BMC");
        var pushed = false;
        try
        {
            using var turn = await turns.EnterAsync(access.Bmc.Address, cancellation);
            await using var bmc = Open(access);
            var power = new PowerSwitch(bmc, config.Power, clock) { BeforeStart = () => turns.StaggerAsync(cancellation) };
            try
            {
                return Result(command, CommandOutcome.Succeeded, FailureClass.Unspecified,
                    await power.RunAsync(command.SwitchPower, cancellation));
            }
            finally
            {
                pushed = power.Pushed;
            }
        }
        catch (BmcException failure)
        {
            return pushed || failure.Failure == BmcFailure.Unknown
                ? Result(command, CommandOutcome.Unknown, FailureClass.Unspecified, failure.Message)
                : Result(command, CommandOutcome.Failed, Class(failure.Failure), failure.Message);
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (query.Bmc is not { Bmc: not null } access)
            throw new RpcException(new(StatusCode.InvalidArgument, "the query came without a BMC"));
        PowerStatus status;
        try
        {
            using var turn = await turns.EnterAsync(access.Bmc.Address, cancellation);
            await using var bmc = Open(access);
            status = await bmc.ReadAsync(cancellation);
        }
        catch (BmcException failure)
        {
            throw new RpcException(new(failure.Failure switch
            {
                BmcFailure.TooOften => StatusCode.ResourceExhausted,
                BmcFailure.Unreachable or BmcFailure.Unknown => StatusCode.Unavailable,
                _ => StatusCode.FailedPrecondition,
            }, failure.Message));
        }
        yield return status.ToByteArray();
    }

    private IBmc Open(BmcAccess access) => access.Bmc.Kind switch
    {
        BmcKind.Redfish => new RedfishBmc(new(access, clock), access.Bmc.System),
        BmcKind.Ipmi => new IpmiBmc(new(config.Power.Ipmitool, access)),
        _ => throw new BmcException(BmcFailure.Unsupported, "this agent does not know that kind of BMC; update it"),
    };

    private static FailureClass Class(BmcFailure failure) => failure switch
    {
        BmcFailure.Unreachable or BmcFailure.TooOften => FailureClass.Transient,
        _ => FailureClass.Permanent,
    };

    private CommandResult Result(Command command, CommandOutcome outcome, FailureClass failureClass, string message) => new()
    {
        OperationId = command.OperationId, Owner = command.Owner, Outcome = outcome, FailureClass = failureClass, Message = message,
        FinishTime = clock.GetUtcNow().ToTimestamp(),
    };
}
