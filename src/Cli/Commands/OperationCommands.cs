using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>What is done to one member of a cluster: begun, then waited for.</summary>
internal static class OperationCommands
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>Begins the operation that the command line asks for.</summary>
    internal delegate Task<Operation> Start(Session session, ParseResult arguments, CancellationToken cancellation);

    public static Command Reboot(Shell shell)
    {
        var (name, gates) = (Parameters.Name(), Override());
        var mode = new Option<string>("--mode")
        {
            Description = "default, powercycle (through the firmware) or force (nothing is stopped first).", HelpName = "MODE",
            DefaultValueFactory = _ => "default",
        };
        mode.AcceptOnlyFromAmong("default", "powercycle", "force");
        return Create(shell, new("reboot", "Reboots a member, and waits until it is Ready again.") { name, mode, gates },
            async (session, arguments, cancellation) =>
            (await Nodes(session).RebootNodeAsync(new()
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
                OverrideGates = arguments.GetValue(gates) ?? "",
                Mode = arguments.GetValue(mode) switch
                {
                    "powercycle" => RebootMode.Powercycle,
                    "force" => RebootMode.Force,
                    _ => RebootMode.Unspecified,
                },
            }, cancellationToken: cancellation)).Operation);
    }

    public static Command Shutdown(Shell shell)
    {
        var (name, gates) = (Parameters.Name(), Override());
        var force = new Option<bool>("--force") { Description = "Do not drain the node first." };
        return Create(shell, new("shutdown", "Switches a member off; it stays a member.") { name, force, gates },
            async (session, arguments, cancellation) =>
            (await Nodes(session).ShutdownNodeAsync(new()
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
                OverrideGates = arguments.GetValue(gates) ?? "",
                Force = arguments.GetValue(force),
            }, cancellationToken: cancellation)).Operation);
    }

    public static Command Rollback(Shell shell)
    {
        var (name, gates) = (Parameters.Name(), Override());
        return Create(shell, new("rollback", "Boots a member into its other boot entry.") { name, gates },
            async (session, arguments, cancellation) =>
            (await Nodes(session).RollbackNodeAsync(new()
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
                OverrideGates = arguments.GetValue(gates) ?? "",
            }, cancellationToken: cancellation)).Operation);
    }

    public static Command Reset(Shell shell)
    {
        var (name, gates) = (Parameters.Name(), Override());
        var forced = new Option<bool>("--no-graceful") { Description = "Do not drain the node, and do not leave etcd first." };
        var reboot = new Option<bool>("--reboot") { Description = "Reboot it afterwards; else it is switched off." };
        var partitions = new Option<string[]>("--partition")
        {
            Description = "Wipe only this one, such as EPHEMERAL; may be repeated.", HelpName = "LABEL",
        };
        var disks = new Option<string[]>("--user-disk")
        {
            Description = "Wipe this disk too, such as /dev/sdb; may be repeated.",
            HelpName = "DEVICE"
        };
        var only = new Option<bool>("--only-user-disks") { Description = "Leave the system disk as it is." };
        return Create(shell, new("reset", "Wipes a member; when its config goes with the rest, it leaves its cluster.")
        {
            name, forced, reboot, partitions, disks, only, gates,
        }, async (session, arguments, cancellation) =>
        {
            var request = new ResetNodeRequest
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
                OverrideGates = arguments.GetValue(gates) ?? "",
                Graceful = !arguments.GetValue(forced), Reboot = arguments.GetValue(reboot),
                WipeMode = arguments.GetValue(only) ? WipeMode.UserDisks : WipeMode.Unspecified,
            };
            request.Partitions.AddRange(arguments.GetValue(partitions) ?? []);
            request.UserDisks.AddRange(arguments.GetValue(disks) ?? []);
            return (await Nodes(session).ResetNodeAsync(request, cancellationToken: cancellation)).Operation;
        });
    }

    public static Command Release(Shell shell)
    {
        var name = Parameters.Name();
        return Create(shell, new("release",
            "Takes a member whose machine is dead out of etcd, Kubernetes and its cluster; another machine can take its place.") { name },
            async (session, arguments, cancellation) =>
            (await Nodes(session).ReleaseNodeAsync(new()
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
            }, cancellationToken: cancellation)).Operation);
    }

    public static Command RestartService(Shell shell)
    {
        var (name, service) = (Parameters.Name(), new Argument<string>("SERVICE") { Description = "Such as kubelet." });
        return Create(shell, new("restart-service", "Restarts one Talos service of a member.") { name, service },
            async (session, arguments, cancellation) =>
            (await Nodes(session).RestartNodeServiceAsync(new()
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
                Service = arguments.GetRequiredValue(service),
            }, cancellationToken: cancellation)).Operation);
    }

    public static Command Defragment(Shell shell)
    {
        var node = Parameters.Name("NODE");
        return Create(shell, new("defragment", "Shrinks the etcd database of one control plane.") { node },
            async (session, arguments, cancellation) =>
            (await Clusters(session).DefragmentEtcdAsync(new()
            {
                Node = arguments.GetRequiredValue(node), RequestId = ResourceCalls.RequestId(),
            }, cancellationToken: cancellation)).Operation);
    }

    public static Command RemoveMember(Shell shell)
    {
        var (name, member) = (Parameters.Name(), new Argument<ulong>("MEMBER") { Description = "Its id in etcd, as a decimal number." });
        return Create(shell, new("remove-member", "Takes a dead member out of the cluster's etcd.") { name, member },
            async (session, arguments, cancellation) =>
            (await Clusters(session).RemoveEtcdMemberAsync(new()
            {
                Name = arguments.GetRequiredValue(name), RequestId = ResourceCalls.RequestId(),
                MemberId = arguments.GetRequiredValue(member),
            }, cancellationToken: cancellation)).Operation);
    }

    /// <summary>A command that begins an operation and, unless told otherwise, waits for its end.</summary>
    public static Command Create(Shell shell, Command command, Start start)
    {
        var leave = NoWait();
        command.Add(leave);
        return command.With(shell.Run(async (session, arguments, cancellation) =>
            await RunAsync(session, await start(session, arguments, cancellation), arguments.GetValue(leave), cancellation)));
    }

    /// <summary>Tells of an operation that was begun and, unless it is left alone, waits for its end, which is the exit code.</summary>
    public static async Task<int> RunAsync(Session session, Operation operation, bool leave, CancellationToken cancellation)
    {
        await session.PrintAsync($"operations/{operation.Name}: {operation.Action} of {operation.Hostname} begins");
        return leave ? ExitCode.Ok : await WaitAsync(session, operation, cancellation);
    }

    public static Option<bool> NoWait() => new("--no-wait") { Description = "Begin it, and do not wait for its end." };

    private static async Task<int> WaitAsync(Session session, Operation operation, CancellationToken cancellation)
    {
        var said = "";
        using var looks = new PeriodicTimer(LookInterval, session.Terminal.Time);
        while (operation.EndTime is null)
        {
            await looks.WaitForNextTickAsync(cancellation);
            operation = (await Nodes(session).GetOperationAsync(new() { Name = operation.Name },
                cancellationToken: cancellation)).Operation;
            var waits = Table.Printable(Words.Waiting(operation.Waiting));
            if (waits != "" && waits != said)
                await session.PrintAsync($"{Words.Time(session.Terminal.Time.GetUtcNow())} waits for {said = waits}");
        }
        await session.PrintAsync($"{Words.Of(operation.State)}: {Table.Printable(operation.Message)}");
        return operation.State == OperationState.Succeeded ? ExitCode.Ok : ExitCode.Refused;
    }

    public static Option<string?> Override() =>
        new("--override-gates") { Description = "Do not ask the gates; the reason stands in the events.", HelpName = "REASON" };

    private static NodeService.NodeServiceClient Nodes(Session session) => new(session.Calls);

    private static ClusterService.ClusterServiceClient Clusters(Session session) => new(session.Calls);
}
