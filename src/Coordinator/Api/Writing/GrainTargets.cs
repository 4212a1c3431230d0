using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Validation;
using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Writing;

internal sealed class RackTarget(IGrainFactory grains) : IResourceTarget<V1.Rack>
{
    public void Check(V1.Rack asked, Problems problems) => SpecRules.Check(asked.Spec, problems);

    public async Task<Answer<V1.Rack>> CreateAsync(V1.Rack asked, ResourceMetadata metadata, bool validateOnly) =>
        Shown(await Grain(metadata.Name).Create(asked.Spec.ToRecord(), metadata, validateOnly));

    public async Task<Answer<V1.Rack>> UpdateAsync(V1.Rack merged, ResourceMetadata metadata, string etag, bool validateOnly) =>
        Shown(await Grain(metadata.Name).Update(merged.Spec.ToRecord(), metadata, etag, validateOnly));

    public async Task<Refusal?> DeleteAsync(string name, string etag) => (await Grain(name).Delete(etag)).Refusal;

    private IRackGrain Grain(string name) => grains.GetGrain<IRackGrain>(name);

    private static Answer<V1.Rack> Shown(Answer<RackRecord> answer) =>
        answer.Accepted(out var rack, out var refusal) ? rack.ToProto("", null, []) : refusal;
}

internal sealed class ClusterTarget(IGrainFactory grains) : IResourceTarget<V1.Cluster>
{
    private static readonly Dictionary<string, NodeRecord> NotRead = [];

    public void Check(V1.Cluster asked, Problems problems) => SpecRules.Check(asked.Spec, problems);

    public async Task<Answer<V1.Cluster>> CreateAsync(V1.Cluster asked, ResourceMetadata metadata, bool validateOnly) =>
        Shown(await Grain(metadata.Name).Create(asked.Spec.ToRecord(), metadata, validateOnly));

    public async Task<Answer<V1.Cluster>> UpdateAsync(V1.Cluster merged, ResourceMetadata metadata, string etag, bool validateOnly) =>
        Shown(await Grain(metadata.Name).Update(merged.Spec.ToRecord(), metadata, etag, validateOnly));

    public async Task<Refusal?> DeleteAsync(string name, string etag) => (await Grain(name).Delete(etag)).Refusal;

    private IClusterGrain Grain(string name) => grains.GetGrain<IClusterGrain>(name);

    private static Answer<V1.Cluster> Shown(Answer<ClusterRecord> answer) =>
        answer.Accepted(out var cluster, out var refusal) ? cluster.ToProto("", NotRead) : refusal;
}

internal sealed class NodeTarget(IGrainFactory grains) : IUpdateTarget<V1.Node>
{
    public void Check(V1.Node asked, Problems problems) => SpecRules.Check(asked.Spec, problems);

    public async Task<Answer<V1.Node>> UpdateAsync(V1.Node merged, ResourceMetadata metadata, string etag, bool validateOnly)
    {
        var grain = grains.GetGrain<INodeGrain>(metadata.Name);
        var answer = await grain.Update(merged.Spec.ToRecord(), metadata, etag, validateOnly);
        return answer.Accepted(out var node, out var refusal) ? node.ToProto("") : refusal;
    }
}
