using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Validation;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>Where the machines' BMCs are, and what they say of power.</summary>
internal sealed class NodeBmcApi(
    IRecordStore store, ResourceReader<V1.Node> reader, NodeNames names, BmcSecrets secrets, AgentQueries queries, IGrainFactory grains)
{
    // A BMC that is slow takes some ten seconds for a new session.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    public async Task<V1.Node> SetAsync(V1.SetNodeBmcRequest request, Mutation mutation)
    {
        var bmc = BmcRules.Read(request.Bmc, request.Password);
        var name = await names.ResolveAsync(request.Name, mutation.Cancellation);
        await RefuseTwiceAsync(name, bmc, mutation.Cancellation);
        var told = secrets.Sealed(name, bmc, request.Password);
        (await grains.GetGrain<INodeGrain>(name).SetBmc(told, mutation.Caller, request.Etag)).Unwrap();
        return await reader.GetAsync(name, mutation.Cancellation);
    }

    public async Task<V1.Node> ForgetAsync(V1.ForgetNodeBmcRequest request, Mutation mutation)
    {
        var name = await names.ResolveAsync(request.Name, mutation.Cancellation);
        (await grains.GetGrain<INodeGrain>(name).SetBmc(null, mutation.Caller, request.Etag)).Unwrap();
        return await reader.GetAsync(name, mutation.Cancellation);
    }

    public async Task<V1.PowerStatus> ReadAsync(string given, CancellationToken cancellation)
    {
        var name = await names.ResolveAsync(given, cancellation);
        var node = await store.ReadAsync<NodeRecord>(RecordKind.Nodes, name, cancellation) ?? throw Refusals.NotFound("node", name);
        var credentials = secrets.For(node) ?? throw Failed($"nobody told where the BMC of node {name} is; `cozyfleet node bmc set` does.").ToRpc();
        return V1.PowerStatus.Parser.ParseFrom(
            await queries.AskWholeAsync(node, new QueryAsk.ReadPower(), credentials, AnswerLimit, cancellation));
    }

    // Two nodes behind one BMC: whoever switches the one switches the other.
    private async Task RefuseTwiceAsync(string name, Bmc bmc, CancellationToken cancellation)
    {
        foreach (var other in await store.ReadAllAsync<NodeRecord>(RecordKind.Nodes, cancellation))
        {
            if (other.Metadata.Name != name && other.Spec.Bmc is { } known && known.Address == bmc.Address && known.System == bmc.System)
                throw Failed($"{bmc.Address} is the BMC of node {other.Metadata.Name} already; `cozyfleet node bmc forget` takes it away there.").ToRpc();
        }
    }

    private static Refusal Failed(string message) => new(RefusalKind.FailedPrecondition, message);
}
