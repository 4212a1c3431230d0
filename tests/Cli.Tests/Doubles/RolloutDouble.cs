using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The rollouts of the fleet double.</summary>
internal sealed class RolloutDouble(FleetDouble fleet) : RolloutService.RolloutServiceBase
{
    public override Task<GetRolloutResponse> GetRollout(GetRolloutRequest request, ServerCallContext context) =>
        Task.FromResult(new GetRolloutResponse { Rollout = fleet.Rollouts.Get(request.Name) });

    public override Task<ListRolloutsResponse> ListRollouts(ListRolloutsRequest request, ServerCallContext context)
    {
        var (page, next) = fleet.Rollouts.List(request.Filter, request.PageToken);
        return Task.FromResult(new ListRolloutsResponse { Rollouts = { page }, NextPageToken = next });
    }

    public override Task WatchRollouts(
        WatchRolloutsRequest request, IServerStreamWriter<WatchRolloutsResponse> responseStream, ServerCallContext context) =>
        fleet.Rollouts.WatchAsync(
            request.Filter,
            request.ResumeToken,
            (type, rollout, token) => responseStream.WriteAsync(new() { Type = type, Rollout = rollout, ResumeToken = token }),
            context.CancellationToken);

    public override Task<CreateRolloutResponse> CreateRollout(CreateRolloutRequest request, ServerCallContext context)
    {
        var rollout = request.Rollout;
        if (rollout.Metadata.Name == "")
            rollout.Metadata.Name = $"{rollout.Spec.Cluster}-{rollout.Spec.TalosUpgrade.Image}";
        rollout.Status = new() { State = RolloutState.Running, Nodes = { Plan(fleet.Clusters.Get(rollout.Spec.Cluster)) } };
        if (!request.ValidateOnly)
            fleet.Rollouts.Put(rollout);
        return Task.FromResult(new CreateRolloutResponse { Rollout = rollout });
    }

    public override Task<PauseRolloutResponse> PauseRollout(PauseRolloutRequest request, ServerCallContext context) =>
        Task.FromResult(new PauseRolloutResponse { Rollout = Set(request.Name, RolloutState.Paused) });

    public override Task<ResumeRolloutResponse> ResumeRollout(ResumeRolloutRequest request, ServerCallContext context) =>
        Task.FromResult(new ResumeRolloutResponse { Rollout = Set(request.Name, RolloutState.Running) });

    public override Task<AbortRolloutResponse> AbortRollout(AbortRolloutRequest request, ServerCallContext context) =>
        Task.FromResult(new AbortRolloutResponse { Rollout = Set(request.Name, RolloutState.Aborted) });

    private static IEnumerable<RolloutNode> Plan(Cluster cluster) => cluster.Status.Members.Select(member => new RolloutNode
    {
        Node = member.Node, Hostname = member.Hostname, Role = member.Role, FromVersion = member.TalosVersion,
        ToVersion = "v1.13.9", State = RolloutNodeState.Waiting,
    });

    private Rollout Set(string name, RolloutState state)
    {
        var rollout = fleet.Rollouts.Get(name);
        rollout.Status.State = state;
        fleet.Rollouts.Put(rollout);
        return rollout;
    }
}
