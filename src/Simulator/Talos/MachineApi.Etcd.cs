using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>etcd as a control plane answers for it.</content>
internal sealed partial class MachineApi
{
    public override Task<EtcdMemberListResponse> EtcdMemberList(EtcdMemberListRequest request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, _) => new EtcdMemberListResponse
        {
            Messages =
            {
                new EtcdMembers
                {
                    Members = { etcd.Members.Select(m => new EtcdMember
                    {
                        Id = m.Id, Hostname = m.Hostname, IsLearner = m.IsLearner,
                    }) },
                },
            },
        }));

    public override Task<EtcdStatusResponse> EtcdStatus(Empty request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, member) =>
        {
            var index = etcd.RaftIndex;
            return new EtcdStatusResponse
            {
                Messages =
                {
                    new EtcdStatus
                    {
                        MemberStatus = new()
                        {
                            MemberId = member.Id, Leader = etcd.Leader, RaftTerm = etcd.Term, RaftIndex = index, RaftAppliedIndex = index,
                            IsLearner = member.IsLearner, DbSize = member.DbSize, DbSizeInUse = member.DbSizeInUse,
                        },
                    },
                },
            };
        }));

    public override Task<EtcdAlarmListResponse> EtcdAlarmList(Empty request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, _) => new EtcdAlarmListResponse { Messages = { new EtcdAlarm { MemberAlarms = { Alarms(etcd) } } } }));

    // All alarms at once, whichever member they are of.
    public override Task<EtcdAlarmDisarmResponse> EtcdAlarmDisarm(Empty request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, _) =>
        {
            var answer = new EtcdAlarmDisarmResponse { Messages = { new EtcdAlarmDisarm { MemberAlarms = { Alarms(etcd) } } } };
            etcd.Members.ForEach(m => m.IsOutOfSpace = false);
            return answer;
        }));

    public override Task<EtcdDefragmentResponse> EtcdDefragment(Empty request, ServerCallContext context) =>
        Task.FromResult(run.OnMember((_, member) =>
        {
            member.DbSize = member.DbSizeInUse;
            return new EtcdDefragmentResponse { Messages = { new EtcdDefragment() } };
        }));

    public override Task<EtcdRemoveMemberByIDResponse> EtcdRemoveMemberByID(EtcdRemoveMemberByIDRequest request, ServerCallContext context)
    {
        var hostname = run.OnEtcd((etcd, _) => etcd.Members.Find(m => m.Id == request.MemberId)?.Hostname)
            ?? throw new RpcException(new(StatusCode.NotFound, "etcdserver: member not found"));
        run.Cluster!.Change((etcd, _) => etcd.Remove(hostname));
        return Task.FromResult(new EtcdRemoveMemberByIDResponse { Messages = { new EtcdRemoveMemberByID() } });
    }

    public override Task<EtcdForfeitLeadershipResponse> EtcdForfeitLeadership(
        EtcdForfeitLeadershipRequest request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, _) => new EtcdForfeitLeadershipResponse
        {
            Messages =
            {
                new EtcdForfeitLeadership
                {
                    Member = etcd.Forfeit(run.Hostname)
                        ?? throw new RpcException(new(StatusCode.Unknown, "failed to forfeit leadership: cannot forfeit leadership, only one member")),
                },
            },
        }));

    private static IEnumerable<EtcdMemberAlarm> Alarms(EtcdCluster etcd) => etcd.Members.Where(m => m.IsOutOfSpace)
        .Select(m => new EtcdMemberAlarm { MemberId = m.Id, Alarm = EtcdMemberAlarm.Types.AlarmType.Nospace });
}
