using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>What a gate saw that does not pass, as a person reads it.</summary>
internal static class GateWords
{
    /// <param name="hostnames">The control planes that etcd should consist of.</param>
    public static string Of(EtcdObservation? etcd, IReadOnlyCollection<string> hostnames) => etcd switch
    {
        null => "not observed",
        { Reachable: false } => $"no answer: {etcd.Error}",
        _ => string.Join("; ", Complaints(etcd, hostnames)),
    };

    public static string Leader(ulong leader, ulong term) => leader == 0 ? "no leader" : $"leader {leader} in term {term}";

    private static IEnumerable<string> Complaints(EtcdObservation etcd, IReadOnlyCollection<string> hostnames)
    {
        if (etcd.IsLearner)
            yield return "still a learner";
        foreach (var error in etcd.Errors)
            yield return $"error {error}";
        foreach (var alarm in etcd.Alarms)
            yield return $"alarm {alarm}";
        if (etcd.RaftIndex > etcd.RaftAppliedIndex + Gates.MaximumRaftLag)
            yield return $"{etcd.RaftIndex - etcd.RaftAppliedIndex} entries behind";
        string[] members = [.. etcd.Members.Select(Name).Order(StringComparer.Ordinal)];
        string[] wanted = [.. hostnames.Order(StringComparer.Ordinal)];
        if (!members.SequenceEqual(wanted))
            yield return $"its members are {string.Join(", ", members)}; they should be {string.Join(", ", wanted)}";
    }

    private static string Name(EtcdMember member) =>
        $"{(member.Hostname == "" ? $"{member.Id} (not started)" : member.Hostname)}{(member.IsLearner ? " (learner)" : "")}";
}
