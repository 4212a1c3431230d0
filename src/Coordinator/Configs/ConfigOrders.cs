using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.MachineConfig;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>Puts the config into an order that carries one: it is rendered when it is sent, and remembered before that.</summary>
internal sealed class ConfigOrders(MemberConfigs configs, IRecordStore store, IGrainFactory grains)
{
    /// <summary>Refused when there can be no such config now.</summary>
    public async Task<Answer<OrderAction>> CompleteAsync(ClusterRecord cluster, OrderAction action, NodeRecord node)
    {
        if (action is not (OrderAction.ApplyConfiguration or OrderAction.ChangeConfiguration))
            return action;
        var (name, clusterName) = (node.Metadata.Name, cluster.Metadata.Name);
        var member = cluster.Members.First(m => m.Node == name);
        var image = await store.ReadAsync<ImageRecord>(RecordKind.Images, cluster.Image, CancellationToken.None)
            ?? throw new InvalidOperationException($"Image {cluster.Image} of cluster {clusterName} is gone.");
        if (!(await configs.OfAsync(new(cluster, member, node, image), CancellationToken.None)).Accepted(out var config, out var refusal))
            return refusal;
        var addresses = StaticAddresses.Of(config.Text);
        if (action is OrderAction.ChangeConfiguration change)
        {
            // A person agreed to what was shown.
            if (AppliedConfig.DigestOf(config.Text) != change.Digest)
                return new Refusal(RefusalKind.Aborted, $"the documents changed what {member.Hostname} should have; look at it again.");
            await grains.GetGrain<IAppliedConfigGrain>(name).Offer(clusterName, config.Text);
            await grains.GetGrain<INodeGrain>(name).Given(addresses);
            return change with { Config = config.Text, Addresses = addresses };
        }
        await grains.GetGrain<IAppliedConfigGrain>(name).Set(clusterName, config.Text);
        await grains.GetGrain<INodeGrain>(name).Given(addresses);
        return new OrderAction.ApplyConfiguration(config.Text);
    }
}
