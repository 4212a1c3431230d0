using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The nodes of the fleet double.</summary>
internal sealed class NodeDouble(FleetDouble fleet) : NodeService.NodeServiceBase
{
    public override Task<GetNodeResponse> GetNode(GetNodeRequest request, ServerCallContext context) =>
        Task.FromResult(new GetNodeResponse { Node = fleet.Nodes.Get(request.Name) });

    public override Task<ListNodesResponse> ListNodes(ListNodesRequest request, ServerCallContext context)
    {
        var (page, next) = fleet.Nodes.List(request.Filter, request.PageToken);
        return Task.FromResult(new ListNodesResponse { Nodes = { page }, NextPageToken = next });
    }

    public override Task WatchNodes(
        WatchNodesRequest request, IServerStreamWriter<WatchNodesResponse> responseStream, ServerCallContext context) =>
        fleet.Nodes.WatchAsync(
            request.Filter,
            request.ResumeToken,
            (type, node, token) => responseStream.WriteAsync(new() { Type = type, Node = node, ResumeToken = token }),
            context.CancellationToken);

    public override Task<UpdateNodeResponse> UpdateNode(UpdateNodeRequest request, ServerCallContext context)
    {
        if (request.UpdateMask is not { } mask)
            return Task.FromResult(new UpdateNodeResponse { Node = fleet.Nodes.Write(request.Node, request.RequestId,
                request.ValidateOnly, allowMissing: false) });
        var node = fleet.Nodes.Get(request.Node.Metadata.Name);
        node.Spec ??= new();
        mask.Merge(request.Node, node);
        fleet.Nodes.Put(node);
        return Task.FromResult(new UpdateNodeResponse { Node = node });
    }

    public override Task<AcceptNodeResponse> AcceptNode(AcceptNodeRequest request, ServerCallContext context) =>
        Task.FromResult(new AcceptNodeResponse { Node = Decide(request.Name, AcceptanceState.Accepted) });

    public override Task<RejectNodeResponse> RejectNode(RejectNodeRequest request, ServerCallContext context) =>
        Task.FromResult(new RejectNodeResponse { Node = Decide(request.Name, AcceptanceState.Rejected) });

    public override Task<ClearNodeQuarantineResponse> ClearNodeQuarantine(ClearNodeQuarantineRequest request, ServerCallContext context)
    {
        var node = fleet.Nodes.Get(request.Name);
        node.Status.QuarantineReason = "";
        fleet.Nodes.Put(node);
        return Task.FromResult(new ClearNodeQuarantineResponse { Node = node });
    }

    private Node Decide(string name, AcceptanceState state)
    {
        var node = fleet.Nodes.Get(name);
        node.Spec ??= new();
        node.Spec.Acceptance = new() { State = state, DecidedBy = "operator" };
        fleet.Nodes.Put(node);
        return node;
    }
}
