using System.Text;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Session;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;
using Grpc.Core;
using NodeRecord = Cozy.Fleet.Domain.Nodes.NodeRecord;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>What a node runs, beside what it was last given and what it would be given now.</summary>
/// <param name="ApplyTime">Null when it was given its config before that was kept.</param>
/// <param name="Node">The node's own words on the pending change; null when nothing is pending.</param>
internal sealed record ComparedConfig(
    ConfigDiff Drift, ConfigDiff Pending, ConfigVerdict Verdict, DateTimeOffset? ApplyTime, NodeWords? Node);

/// <summary>What a node says of a config, in its own words.</summary>
internal sealed record NodeWords(string Details, EquatableArray<string> Warnings);

/// <summary>Asks a node for its config and compares.</summary>
internal sealed class ConfigComparisons(AgentQueries queries, IRecordStore store, ISecretSeal seal)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    // Behind this line, the node's dry run shows its configs as they are, with their secrets (talos.md 5.7).
    private const string DiffTitle = "Config diff:";

    /// <exception cref="RpcException">The node's or the agent's refusal.</exception>
    public async Task<ComparedConfig> CompareAsync(NodeRecord node, string wanted, CancellationToken cancellation)
    {
        var running = Encoding.UTF8.GetString(await queries.AskWholeAsync(node, new QueryAsk.ReadConfig(), Limit, cancellation));
        var (given, time) = await GivenAsync(node, cancellation);
        var pending = Diff(running, wanted, node);
        var verdict = pending.Verdict(SemanticVersion.Parse(node.Observed!.TalosVersion));
        var said = pending.Changes.Count == 0 ? null : await DryRunAsync(node, wanted, cancellation);
        return new(Diff(given ?? running, running, node), pending, verdict, time, said);
    }

    private async Task<(string? Config, DateTimeOffset? Time)> GivenAsync(NodeRecord node, CancellationToken cancellation)
    {
        var (name, cluster) = (node.Metadata.Name, node.Allocation!.Cluster);
        if (await store.ReadAsync(RecordKind.AppliedConfigs, name, cancellation) is not { } row)
            return default;
        var applied = RecordJson.Read<AppliedConfig>(row.Data).On(node.Observed?.BootId ?? "");
        return applied.Cluster == cluster && applied.Sealed != ""
            ? (Encoding.UTF8.GetString(seal.Open(AppliedConfig.Purpose(cluster, name), applied.Sealed)), applied.Time) : default;
    }

    private async Task<NodeWords> DryRunAsync(NodeRecord node, string wanted, CancellationToken cancellation)
    {
        var words = QueryMapping.Verdict(await queries.AskWholeAsync(node, new QueryAsk.DryRunConfig(wanted), Limit, cancellation));
        var end = words.Details.IndexOf(DiffTitle, StringComparison.Ordinal);
        return words with { Details = (end < 0 ? words.Details : words.Details[..end]).TrimEnd() };
    }

    private static ConfigDiff Diff(string before, string after, NodeRecord node) =>
        ConfigDiff.Between(before, after, out var refusal) ?? throw new RpcException(new(StatusCode.DataLoss,
            $"the config of node {node.Metadata.Name} cannot be compared: {refusal}"));
}
