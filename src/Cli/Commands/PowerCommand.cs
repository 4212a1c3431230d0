using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`node power`: asks a machine's BMC, or has it switch the machine.</summary>
internal static class PowerCommand
{
    private const string Status = "status";

    public static Command Create(Shell shell)
    {
        var (name, gates, leave) = (Parameters.Name(), OperationCommands.Override(), OperationCommands.NoWait());
        var action = new Argument<string>("ACTION") { Description = "on, off, cycle or status." };
        action.AcceptOnlyFromAmong("on", "off", "cycle", Status);
        var next = new Option<string?>("--next-boot") { Description = "network or disk: what the machine starts from, this once.", HelpName = "PLACE" };
        next.AcceptOnlyFromAmong("network", "disk");
        var force = new Option<bool>("--force") { Description = "Do not ask the system to go down by itself first." };
        return new Command("power", "Switches a machine by its BMC. A member of a cluster goes down only when the others bear it.")
        {
            name, action, next, force, gates, leave,
        }.With(shell.Run(async (session, arguments, cancellation) =>
        {
            var wanted = arguments.GetRequiredValue(action);
            if (wanted == Status)
                return await ShowAsync(session, arguments.GetRequiredValue(name), cancellation);
            var request = new SwitchNodePowerRequest
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
                OverrideGates = arguments.GetValue(gates) ?? "", Force = arguments.GetValue(force),
                Action = wanted switch { "on" => PowerAction.On, "off" => PowerAction.Off, _ => PowerAction.Cycle },
                NextBoot = arguments.GetValue(next) switch
                {
                    "network" => NextBoot.Network,
                    "disk" => NextBoot.Disk,
                    _ =>
                    NextBoot.Unspecified
                },
            };
            var begun = await Client(session).SwitchNodePowerAsync(request, cancellationToken: cancellation);
            return await OperationCommands.RunAsync(session, begun.Operation, arguments.GetValue(leave), cancellation);
        }));
    }

    private static async Task<int> ShowAsync(Session session, string name, CancellationToken cancellation)
    {
        var power = (await Client(session).GetNodePowerAsync(new() { Name = name }, cancellationToken: cancellation)).Power;
        var next = Words.Of(power.NextBoot);
        if (power.NextBootDetail != "")
            next = next == "" ? power.NextBootDetail : $"{next} ({power.NextBootDetail})";
        await session.PrintAsync(Description.Lines([.. Line.Pairs(
            ("Power", power.State == PowerState.Unspecified ? "unknown" : Words.Of(power.State)), ("Next boot", next),
                ("Machine", power.Machine))]));
        return ExitCode.Ok;
    }

    private static NodeService.NodeServiceClient Client(Session session) => new(session.Calls);
}
