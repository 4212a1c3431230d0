using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`cluster wait`: shows how a cluster comes up, and ends when it runs.</summary>
internal static class ClusterWait
{
    public static Command Create(Shell shell)
    {
        var name = Parameters.Name();
        var timeout = Parameters.Span("--timeout", "How long to wait; without it for ever.");
        return new Command("wait", "Shows progress until the cluster runs.") { name, timeout }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var (wanted, limit) = (arguments.GetRequiredValue(name), arguments.GetValue(timeout));
                await UntilRunningAsync(session, wanted, limit, cancellation);
                return ExitCode.Ok;
            }));
    }

    /// <param name="limit">Zero waits for ever.</param>
    /// <exception cref="Failure">The time is up.</exception>
    public static async Task UntilRunningAsync(Session session, string name, TimeSpan limit, CancellationToken cancellation)
    {
        var (last, isOver) = await Follow(name).ToTheEndAsync(session, limit, cancellation);
        if (!isOver)
            throw new Failure(ExitCode.Timeout, Late(last, limit));
    }

    /// <summary>What changed between two sights of a cluster, a line each.</summary>
    internal static IEnumerable<string> Changes(Cluster? before, Cluster now)
    {
        var (old, status) = (before?.Status ?? new(), now.Status ?? new());
        foreach (var member in status.Members)
        {
            var former = old.Members.FirstOrDefault(one => one.Node == member.Node);
            if (former is null || (former.Phase, former.Ready, former.TalosVersion) != (member.Phase, member.Ready, member.TalosVersion))
                yield return Member(member);
        }
        if (before is null || old.Phase != status.Phase || Waiting(old) != Waiting(status))
            yield return Summary(now);
    }

    private static Following<Cluster> Follow(string name) =>
        new(KindTable.Cluster, name, cluster => cluster.Status?.Phase == ClusterPhase.Running)
        {
            Draw = (cluster, _) =>
                new(ClusterRows.MemberHeadings, [.. (cluster.Status ?? new()).Members.Select(ClusterRows.Member)], Summary(cluster)),
            Lines = Changes,
        };

    private static string Member(ClusterMember member) =>
        $"{(member.Hostname == "" ? member.Node : member.Hostname)} {Words.Of(member.Phase)}{(member.Ready ? ", ready" : "")}"
        + (member.TalosVersion == "" ? "" : $", Talos {member.TalosVersion}");

    private static string Summary(Cluster cluster)
    {
        var status = cluster.Status ?? new();
        var waiting = Waiting(status);
        return $"cluster {cluster.Metadata.Name} {Words.Of(status.Phase)}, {ClusterRows.Ready(cluster)} ready"
            + (waiting == "" ? "" : $", waits for {waiting}");
    }

    private static string Late(Cluster cluster, TimeSpan limit)
    {
        var waiting = Waiting(cluster.Status ?? new());
        return $"After {Words.Span(limit)} the cluster {cluster.Metadata.Name} is still {Words.Of((cluster.Status ?? new()).Phase)}"
            + (waiting == "" ? "." : $"; it waits for {waiting}.");
    }

    private static string Waiting(ClusterStatus status) =>
        string.Join("; ", status.Waiting.Select(Words.Waiting).Where(text => text != ""));
}
