using System.Text;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.MachineConfig.Secrets;
using Cozy.Fleet.Primitives;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>What the members' own configs say of a cluster that nobody has a secrets bundle of.</summary>
/// <param name="Secrets">The bundle, as talosctl writes it.</param>
/// <param name="Roles">One for each address that was asked for.</param>
internal sealed record ReadCluster(string Secrets, string Endpoint, string KubernetesVersion, EquatableArray<Role> Roles)
{
    /// <summary>Hides the secrets.</summary>
    public override string ToString() => nameof(ReadCluster);
}

/// <summary>
/// What a talosconfig alone leads to. An admin may read the configs that the members run, and a control plane's holds all of the cluster's
/// secrets (talos.md 5.2); the talosconfig is needed this once and kept nowhere.
/// </summary>
internal sealed class TalosconfigImport(AgentQueries queries)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public async Task<Answer<ReadCluster>> ReadAsync(
        string rack, string talosconfig, string name, IReadOnlyList<string> addresses, CancellationToken cancellation)
    {
        if (Talosconfig.TryRead(talosconfig, name, out var unreadable) is not { } context)
            return new Refusal(RefusalKind.InvalidArgument, $"{unreadable}.", "talosconfig");
        var read = await Task.WhenAll(addresses.Select(async address =>
            (Address: address, Config: await ConfigAsync((rack, address), context, cancellation))));
        var silent = read.Where(member => member.Config.Refusal is not null)
            .Select(member => $"{member.Address}: {member.Config.Refusal!.Message}").ToArray();
        return silent.Length > 0
            ? Wrong($"not every member shows its config: {string.Join("; ", silent)}.")
            : Of([.. read.Select(member => (member.Address, member.Config.Value!))]);
    }

    private static Answer<ReadCluster> Of((string Address, string Config)[] members)
    {
        var summaries = new List<ConfigSummary>();
        foreach (var (address, config) in members)
        {
            if (ConfigSummary.TryRead(config, out var refusal) is not { } summary)
                return Wrong($"the config of {address} cannot be read: {refusal}.");
            summaries.Add(summary);
        }
        var index = summaries.FindIndex(summary => summary.Type == MachineType.ControlPlane);
        if (index < 0)
            return Wrong($"none of {string.Join(", ", members.Select(member => member.Address))} is a control plane, which alone has the secrets.");
        return BundleImport.TryFromControlPlane(members[index].Config, out var bundle, out var damaged)
            ? new ReadCluster(bundle.ToYaml(), summaries[index].Endpoint, summaries[index].KubernetesVersion, [.. summaries.Select(RoleOf)])
            : Wrong($"the config of {members[index].Address} has no usable secrets: {damaged}.");
    }

    private static Role RoleOf(ConfigSummary summary) => summary.Type == MachineType.ControlPlane ? Role.ControlPlane : Role.Worker;

    private async Task<Answer<string>> ConfigAsync((string Rack, string Address) place, TalosContext context, CancellationToken cancellation)
    {
        try
        {
            var credentials = new OrderCredentials(new(context.Ca, context.Certificate, context.Key), null);
            return Encoding.UTF8.GetString(await queries.AskWholeAsync(place, new QueryAsk.ReadConfig(), credentials, Limit, cancellation));
        }
        catch (RpcException refusal)
        {
            return new Refusal(RefusalKind.FailedPrecondition, refusal.Status.Detail.TrimEnd('.'));
        }
    }

    private static Refusal Wrong(string message) => new(RefusalKind.FailedPrecondition, message, "members");
}
