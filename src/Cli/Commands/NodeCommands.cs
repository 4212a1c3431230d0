using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`node`: a person's decisions about machines.</summary>
internal static class NodeCommands
{
    /// <summary>One decision, carried out on the node of that full name.</summary>
    private delegate Task Decision(NodeService.NodeServiceClient client, string name, CancellationToken cancellation);

    public static Command Create(Shell shell) => new("node", "Decides about machines, looks into them, and reboots or wipes them.")
    {
        Each(shell, "accept", "accepted", "From here on the machine may be written to, once a cluster takes it.", AcceptAsync),
        Each(shell, "reject", "rejected", "The machine boots its own disk for ever.", RejectAsync),
        Each(shell, "lock", "locked", "Leaves the node out of rollouts; it still counts for health.", Flag("locked", true)),
        Each(shell, "unlock", "unlocked", "Takes the node into rollouts again.", Flag("locked", false)),
        Each(shell, "pause", "paused", "No new operation starts on the node.", Flag("paused", true)),
        Each(shell, "unpause", "unpaused", "Operations may start on the node again.", Flag("paused", false)),
        Check(shell),
        Each(shell, "clear-quarantine", "cleared", "You looked at what failed: operations may start on the node again.", ClearAsync),
        Each(shell, "wipe", "is wiped by its next network boot", "Lets the next network boot wipe a machine; no member.", WipeAsync),
        NodeInspection.Logs(shell), NodeInspection.Dmesg(shell), NodeInspection.Services(shell), NodeInspection.Support(shell),
        OperationCommands.Reboot(shell), OperationCommands.Shutdown(shell), OperationCommands.Reset(shell),
        OperationCommands.Rollback(shell), OperationCommands.Release(shell),
        OperationCommands.RestartService(shell), BmcCommands.Create(shell), PowerCommand.Create(shell), ApplyConfig.Create(shell),
    };

    private static Command Check(Shell shell)
    {
        var name = Parameters.Name();
        return new Command("check", "Whether the node could be rebooted now; exit code 1 when a gate says no.") { name }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var request = new CheckNodeRequest { Name = arguments.GetRequiredValue(name) };
                var found = await new NodeService.NodeServiceClient(session.Calls).CheckNodeAsync(request, cancellationToken: cancellation);
                var red = found.Gates.Where(gate => gate.Verdict != GateVerdict.Pass).ToArray();
                await session.PrintAsync(Table.Rows(["GATE", "SAYS", "WHY", "SEEN"],
                    red.Select(gate => (string[])[gate.Id, Words.Of(gate.Verdict), gate.Message, gate.Observed])));
                if (found.LeaseHolder != "")
                    await session.PrintAsync($"{found.LeaseHolder} works on the cluster now.");
                await session.PrintAsync(found.Safe ? $"Safe: {found.Gates.Count} gates pass." : $"Not now: {red.Length} of {found.Gates.Count} gates do not pass.");
                return found.Safe ? ExitCode.Ok : ExitCode.Refused;
            }));
    }

    private static Command Each(Shell shell, string word, string done, string description, Decision decide)
    {
        var names = Parameters.Names();
        return new Command(word, description) { names }.With(shell.Run(async (session, arguments, cancellation) =>
        {
            var client = new NodeService.NodeServiceClient(session.Calls);
            foreach (var name in arguments.GetRequiredValue(names))
            {
                // A prefix, a MAC address or a hostname is looked up first, so that the answer names the machine.
                var node = await session.Resources.GetAsync(KindTable.Node, name, cancellation);
                await decide(client, Kind.Metadata(node).Name, cancellation);
                await session.PrintAsync($"{KindTable.Node.Reference(node)} {done}");
            }
            return ExitCode.Ok;
        }));
    }

    private static async Task AcceptAsync(NodeService.NodeServiceClient client, string name, CancellationToken cancellation) =>
        await client.AcceptNodeAsync(new() { Name = name, RequestId = ResourceCalls.RequestId() }, cancellationToken: cancellation);

    private static async Task RejectAsync(NodeService.NodeServiceClient client, string name, CancellationToken cancellation) =>
        await client.RejectNodeAsync(new() { Name = name, RequestId = ResourceCalls.RequestId() }, cancellationToken: cancellation);

    private static async Task ClearAsync(NodeService.NodeServiceClient client, string name, CancellationToken cancellation) =>
        await client.ClearNodeQuarantineAsync(new() { Name = name, RequestId = ResourceCalls.RequestId() },
            cancellationToken: cancellation);

    private static async Task WipeAsync(NodeService.NodeServiceClient client, string name, CancellationToken cancellation) =>
        await client.WipeNodeAsync(new() { Name = name, RequestId = ResourceCalls.RequestId() }, cancellationToken: cancellation);

    private static Decision Flag(string field, bool value) => async (client, name, cancellation) =>
    {
        var node = new Node { Metadata = new() { Name = name }, Spec = new() };
        NodeSpec.Descriptor.FindFieldByName(field).Accessor.SetValue(node.Spec, value);
        var request = new UpdateNodeRequest
        {
            Node = node, UpdateMask = FieldMask.FromString($"spec.{field}"), RequestId = ResourceCalls.RequestId(),
        };
        await client.UpdateNodeAsync(request, cancellationToken: cancellation);
    };
}
