using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.MachineConfig.Documents;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`cluster config`: what a node should have, where each value comes from, and what the node runs instead.</summary>
internal static class ClusterConfig
{
    private const int WidestValue = 72;

    public static Command Create(Shell shell)
    {
        var node = new Argument<string>("node") { Description = "Name, unique prefix, MAC address or hostname.", HelpName = "NODE" };
        var explain = new Option<bool>("--explain") { Description = "Show the layer that each value comes from." };
        var diff = new Option<bool>("--diff") { Description = "Ask the node, and show what differs; exit code 1 when something does." };
        return new Command("config", "The machine config of a node, without its secrets.") { node, explain, diff }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var request = new GetMachineConfigRequest { Node = arguments.GetRequiredValue(node), Compare = arguments.GetValue(diff) };
                var found = await new ClusterService.ClusterServiceClient(session.Calls)
                    .GetMachineConfigAsync(request, cancellationToken: cancellation);
                if (arguments.GetValue(explain))
                    await session.PrintAsync(Table.Rows(["LAYER", "VALUE", "OVER"], found.Leaves.Select(Explained)));
                if (found.Comparison is { } compared)
                {
                    await session.PrintAsync(Compared(compared));
                    return compared.Drift.Count + compared.Pending.Count == 0 ? ExitCode.Ok : ExitCode.Refused;
                }
                if (!arguments.GetValue(explain))
                    await session.PrintAsync(found.Config.TrimEnd('\n').Split('\n'));
                return ExitCode.Ok;
            }));
    }

    private static IReadOnlyList<string> Explained(ConfigLeaf leaf) =>
    [
        leaf.Layer,
        leaf.Removed ? $"{Place(leaf.Document, leaf.Path)} removed" : $"{Place(leaf.Document, leaf.Path)} = {Short(leaf.Value)}",
        string.Join(", ", leaf.Overridden.Select(word => $"{word.Layer}: {Short(word.Value)}")),
    ];

    private static IEnumerable<string> Compared(ConfigComparison compared)
    {
        var since = compared.ApplyTime is null ? "" : $" since {Words.Time(compared.ApplyTime)}";
        yield return compared.Drift.Count == 0 ? $"Nobody changed the node's config{since}." : $"Changed on the node{since}:";
        foreach (var change in compared.Drift)
            yield return Changed(change);
        if (compared.Pending.Count == 0)
        {
            yield return "The node has the config that it should have.";
            yield break;
        }
        yield return "What the node should have instead:";
        foreach (var change in compared.Pending)
            yield return Changed(change);
        yield return $"Effect: {Words.Of(compared.Effect).ToLowerInvariant()}. {compared.Reason}";
        if (compared.Network != "")
            yield return $"It touches the network: {compared.Network}.";
        foreach (var line in compared.NodeVerdict.Split('\n').Where(line => line.Trim() != ""))
            yield return $"The node says: {Table.Printable(line.Trim())}";
        foreach (var warning in compared.NodeWarnings)
            yield return $"The node warns: {Table.Printable(warning)}";
    }

    private static string Changed(ConfigChange change)
    {
        var place = Place(change.Document, change.Path);
        return Table.Printable((change.HasBefore, change.HasAfter) switch
        {
            (false, _) => $"  + {place}: {Short(change.After)}",
            (_, false) => $"  - {place}: {Short(change.Before)}",
            _ when change.Before == change.After => $"  ~ {place}: {Short(change.After)} (it differs, and is secret)",
            _ => $"  ~ {place}: {Short(change.Before)} -> {Short(change.After)}",
        });
    }

    private static string Place(string document, string path) => document == "" ? path : path == "" ? document : $"{document}: {path}";

    // Certificates would break the table; the config itself has them whole.
    private static string Short(string value)
    {
        var line = LeafText.OnOneLine(value);
        return line.Length > WidestValue ? $"{line[..(WidestValue - 1)]}…" : line;
    }
}
