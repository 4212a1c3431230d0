using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Operations;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Operations;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>Begins operations on members of clusters, and on other machines by their BMC; tells how they go.</summary>
internal sealed class OperationApi(IRecordStore store, NodeNames names, IGrainFactory grains)
{
    public async Task<V1.Operation> GetAsync(string name, CancellationToken cancellation) =>
        (await store.ReadAsync<OperationRecord>(RecordKind.Operations, name, cancellation) ?? throw Refusals.NotFound("operation", name)).ToProto();

    /// <param name="given">The node, as people call it.</param>
    /// <param name="overrideReason">Empty asks the gates.</param>
    public async Task<V1.Operation> BeginAsync(string given, OrderAction action, string overrideReason, Mutation mutation)
    {
        var name = await names.ResolveAsync(given, mutation.Cancellation);
        var node = await store.ReadAsync<NodeRecord>(RecordKind.Nodes, name, mutation.Cancellation) ?? throw Refusals.NotFound("node", name);
        return await BeginAsync(node, action, overrideReason, mutation);
    }

    public Task<V1.Operation> ResetAsync(V1.ResetNodeRequest request, Mutation mutation)
    {
        var mode = EnumMap<V1.WipeMode, WipeMode>.Of(request.WipeMode);
        var problems = new Problems();
        problems.AddIf(mode == WipeMode.UserDisks && request.UserDisks.Count == 0, "user_disks", "must name the disks to wipe");
        problems.AddIf(mode == WipeMode.UserDisks && request.Partitions.Count > 0, "partitions", "must be empty: only user disks are wiped");
        problems.AddIf(mode == WipeMode.SystemDisk && request.UserDisks.Count > 0, "user_disks", "must be empty: only the system disk is wiped");
        problems.ThrowIfAny();
        var action = new OrderAction.Reset(request.Graceful, request.Reboot, mode, [.. request.Partitions], [.. request.UserDisks]);
        return BeginAsync(request.Name, action, request.OverrideGates, mutation);
    }

    public Task<V1.Operation> RestartAsync(V1.RestartNodeServiceRequest request, Mutation mutation) => request.Service == ""
        ? throw Problems.Of("service", "must be set, such as kubelet")
        : BeginAsync(request.Name, new OrderAction.RestartService(request.Service), "", mutation);

    /// <summary>Any control plane with a healthy etcd is told to take the member out.</summary>
    public async Task<V1.Operation> RemoveMemberAsync(V1.RemoveEtcdMemberRequest request, Mutation mutation)
    {
        if (request.MemberId == 0)
            throw Problems.Of("member_id", "must be set");
        var cluster = await store.ReadAsync<ClusterRecord>(RecordKind.Clusters, request.Name, mutation.Cancellation)
            ?? throw Refusals.NotFound("cluster", request.Name);
        var node = EtcdMembers.Healthy(await store.MembersAsync(cluster, mutation.Cancellation), mutation.Now, except: request.MemberId)
            ?? throw new Refusal(RefusalKind.FailedPrecondition, $"no other control plane of cluster {request.Name} was seen with a healthy etcd lately.").ToRpc();
        return await BeginAsync(node, new OrderAction.RemoveEtcdMember(request.MemberId), "", mutation);
    }

    /// <summary>Of any machine, member of a cluster or not.</summary>
    public async Task<V1.Operation> SwitchAsync(V1.SwitchNodePowerRequest request, Mutation mutation)
    {
        var action = EnumMap<V1.PowerAction, PowerAction>.Of(request.Action);
        var problems = new Problems();
        problems.AddIf(action == PowerAction.Unspecified, "action", "must be on, off or cycle");
        problems.AddIf(action == PowerAction.Off && request.NextBoot != V1.NextBoot.Unspecified, "next_boot",
            "is for a machine that is switched on; the BMC may forget it until then");
        problems.AddIf(action == PowerAction.On && request.Force, "force", "is for a machine that is switched off");
        problems.ThrowIfAny();
        var name = await names.ResolveAsync(request.Name, mutation.Cancellation);
        var node = await store.ReadAsync<NodeRecord>(RecordKind.Nodes, name, mutation.Cancellation) ?? throw Refusals.NotFound("node", name);
        var order = new OrderAction.SwitchPower(
            action, EnumMap<V1.NextBoot, NextBoot>.Of(request.NextBoot), node.Firmware != Firmware.Bios, request.Force);
        return await StoreAsync(node, order, request.OverrideGates, mutation);
    }

    private async Task<V1.Operation> BeginAsync(NodeRecord node, OrderAction action, string overrideReason, Mutation mutation)
    {
        if (node.Allocation is null)
        {
            throw new Refusal(RefusalKind.FailedPrecondition,
                $"node {node.Metadata.Name} belongs to no cluster, so there is no credential to order it about with.").ToRpc();
        }
        return await StoreAsync(node, action, overrideReason, mutation);
    }

    private async Task<V1.Operation> StoreAsync(NodeRecord node, OrderAction action, string overrideReason, Mutation mutation)
    {
        var (name, place) = (node.Metadata.Name, node.Allocation);
        var wanted = new OperationRecord(new(mutation.Uid, mutation.Uid, mutation.Now), place?.Cluster ?? "", name, action)
        {
            Hostname = place?.Hostname ?? name, RequestedBy = mutation.Caller, OverrideReason = overrideReason,
        };
        return (await grains.GetGrain<IOperationGrain>(mutation.Uid).Begin(wanted)).Unwrap().ToProto();
    }
}
