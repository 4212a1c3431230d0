using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`node apply-config`: what `cluster config --diff` shows as pending is given to the node.</summary>
internal static class ApplyConfig
{
    public static Command Create(Shell shell)
    {
        var (name, gates) = (Parameters.Name(), OperationCommands.Override());
        var reboot = new Option<bool>("--reboot") { Description = "Reboot the node when a change needs it; else such a change is refused." };
        var staged = new Option<bool>("--staged") { Description = "Only write it down: it works from the node's next boot on." };
        var untried = new Option<bool>("--without-trial") { Description = "Do not try first what touches the network; a node that is cut off stays so." };
        var time = Parameters.Span("--trial-timeout",
            "How long a node that is cut off stays so before it goes back by itself, 10s to 4m; 1m when not said.");
        var command = new Command("apply-config",
            "Gives a running member the config that it should have; `cluster config --diff` shows it.")
        {
            name, reboot, staged, untried, time, gates,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(reboot) && result.GetValue(staged))
                result.AddError("--reboot and --staged rule each other out.");
        });
        return OperationCommands.Create(shell, command, async (session, arguments, cancellation) =>
        {
            var request = new ApplyNodeConfigRequest
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
                OverrideGates = arguments.GetValue(gates) ?? "",
                WithoutTrial = arguments.GetValue(untried),
                Mode = arguments.GetValue(staged) ? ConfigApplyMode.Staged
                    : arguments.GetValue(reboot) ? ConfigApplyMode.Reboot : ConfigApplyMode.Unspecified,
                TrialTimeout = arguments.GetValue(time) is { Ticks: > 0 } wait ? wait.ToDuration() : null,
            };
            return (await new NodeService.NodeServiceClient(session.Calls).ApplyNodeConfigAsync(request,
                cancellationToken: cancellation)).Operation;
        });
    }
}
