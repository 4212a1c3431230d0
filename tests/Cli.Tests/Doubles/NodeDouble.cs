using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
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
            return Task.FromResult(new UpdateNodeResponse
            {
                Node = fleet.Nodes.Write(request.Node, request.RequestId,
                request.ValidateOnly, allowMissing: false)
            });
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

    public override Task<ReleaseNodeResponse> ReleaseNode(ReleaseNodeRequest request, ServerCallContext context)
    {
        fleet.Operation = new() { Name = "o1", Action = "release", Hostname = request.Name };
        return Task.FromResult(new ReleaseNodeResponse { Operation = fleet.Operation });
    }

    public override Task<WipeNodeResponse> WipeNode(WipeNodeRequest request, ServerCallContext context) =>
        Task.FromResult(new WipeNodeResponse { Node = fleet.Nodes.Get(request.Name) });

    public override async Task ReadNodeLogs(
        ReadNodeLogsRequest request, IServerStreamWriter<ReadNodeLogsResponse> responseStream, ServerCallContext context)
    {
        // A character that two pieces share, and an escape sequence.
        var log = System.Text.Encoding.UTF8.GetBytes($"{request.Service} {request.TailLines} \u00fc \u001b[2J\n");
        foreach (var piece in log.Chunk(1))
            await responseStream.WriteAsync(new() { Data = ByteString.CopyFrom(piece) });
        if (request.Follow)
            await new TaskCompletionSource().Task.WaitAsync(context.CancellationToken);
    }

    public override Task ReadNodeDmesg(
        ReadNodeDmesgRequest request, IServerStreamWriter<ReadNodeDmesgResponse> responseStream, ServerCallContext context) =>
        responseStream.WriteAsync(new() { Data = ByteString.CopyFromUtf8($"kern: {request.Name} {(request.Kept ? "was" : "is")} up\n") });

    public override Task<ListNodeServicesResponse> ListNodeServices(ListNodeServicesRequest request, ServerCallContext context) =>
        Task.FromResult(new ListNodeServicesResponse
        {
            Services =
            {
                new NodeServiceState { Id = "etcd", State = "Running", Healthy = false, Message = "no leader" },
                new NodeServiceState { Id = "udevd", State = "Running" },
            },
        });

    public override Task CollectNodeSupport(
        CollectNodeSupportRequest request, IServerStreamWriter<CollectNodeSupportResponse> responseStream, ServerCallContext context) =>
        responseStream.WriteAsync(new() { Data = ByteString.CopyFromUtf8($"zip of {request.Name}") });

    // Over at the second look.
    public override Task<GetOperationResponse> GetOperation(GetOperationRequest request, ServerCallContext context)
    {
        var operation = fleet.Operation!;
        if (operation.Waiting is null)
            operation.Waiting = new() { WaitsFor = $"{operation.Hostname} goes down", Observed = "it still answers" };
        else
            (operation.State, operation.Message, operation.EndTime) = (fleet.OperationEnd, "told so", fleet.Time.GetUtcNow().ToTimestamp());
        return Task.FromResult(new GetOperationResponse { Operation = operation });
    }

    public override Task<RebootNodeResponse> RebootNode(RebootNodeRequest request, ServerCallContext context)
    {
        fleet.Operation = new() { Name = "o1", Action = $"reboot {request.Mode} {request.OverrideGates}".Trim(), Hostname = request.Name };
        return Task.FromResult(new RebootNodeResponse { Operation = fleet.Operation });
    }

    public override Task<ApplyNodeConfigResponse> ApplyNodeConfig(ApplyNodeConfigRequest request, ServerCallContext context)
    {
        var how = $"{request.Mode} {(request.WithoutTrial ? "untried" : $"trial {request.TrialTimeout?.Seconds}")} {request.OverrideGates}";
        fleet.Operation = new() { Name = "o1", Action = $"apply-config {how}".Trim(), Hostname = request.Name };
        return Task.FromResult(new ApplyNodeConfigResponse { Operation = fleet.Operation });
    }

    public override Task<ResetNodeResponse> ResetNode(ResetNodeRequest request, ServerCallContext context)
    {
        var what = $"reset {request.Graceful} {request.Reboot} {request.Partitions} {request.UserDisks}";
        fleet.Operation = new() { Name = "o1", Action = what, Hostname = request.Name };
        return Task.FromResult(new ResetNodeResponse { Operation = fleet.Operation });
    }

    public override Task<SetNodeBmcResponse> SetNodeBmc(SetNodeBmcRequest request, ServerCallContext context)
    {
        var node = fleet.Nodes.Get(request.Name);
        (node.Spec ??= new()).Bmc = request.Bmc;
        fleet.BmcPassword = request.Password;
        fleet.Nodes.Put(node);
        return Task.FromResult(new SetNodeBmcResponse { Node = node });
    }

    public override Task<ForgetNodeBmcResponse> ForgetNodeBmc(ForgetNodeBmcRequest request, ServerCallContext context)
    {
        var node = fleet.Nodes.Get(request.Name);
        (node.Spec ??= new()).Bmc = null;
        fleet.Nodes.Put(node);
        return Task.FromResult(new ForgetNodeBmcResponse { Node = node });
    }

    public override Task<GetNodePowerResponse> GetNodePower(GetNodePowerRequest request, ServerCallContext context) =>
        Task.FromResult(new GetNodePowerResponse { Power = fleet.Power });

    public override Task<SwitchNodePowerResponse> SwitchNodePower(SwitchNodePowerRequest request, ServerCallContext context)
    {
        fleet.Operation = new()
        {
            Name = "o1", Action = $"power {request.Action} {request.NextBoot} {request.Force} {request.OverrideGates}".Trim(), Hostname = request.Name,
        };
        return Task.FromResult(new SwitchNodePowerResponse { Operation = fleet.Operation });
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
