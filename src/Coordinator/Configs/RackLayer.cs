using System.Net;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.MachineConfig;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>
/// Where a member pushes its events and its kernel's log: to the agent of its rack. The kernel's arguments of a network boot say so only
/// until the machine is installed, and a UKI's never do (talos.md 0, trap 10). Every supported release knows both documents and takes
/// them up while it runs (talos.md 5.5, 5.7).
/// </summary>
internal static class RackLayer
{
    public const string Name = "rack";

    private const string LogScheme = "tcp://";

    /// <summary>Null while no agent has said where it listens, and for a cluster that is only observed.</summary>
    public static ConfigLayer? Of(RackRecord? rack, ClusterSpec spec)
    {
        if (rack is null || spec.Management == Management.Observed)
            return null;
        string[] documents = [.. EventSink(rack.EventSink), .. KernelLog(rack.KernelLog)];
        return documents.Length == 0 ? null : new(Name, [string.Join("---\n", documents)]) { IsBeside = true };
    }

    // What an agent said becomes text of a config: only an address with a port does.
    private static IEnumerable<string> EventSink(string endpoint) => IPEndPoint.TryParse(endpoint, out var sink) && sink.Port > 0
        ? [$"apiVersion: v1alpha1\nkind: EventSinkConfig\nendpoint: {sink}\n"] : [];

    private static IEnumerable<string> KernelLog(string url) => url.StartsWith(LogScheme, StringComparison.Ordinal)
        && IPEndPoint.TryParse(url[LogScheme.Length..], out var log) && log.Port > 0
        ? [$"apiVersion: v1alpha1\nkind: KmsgLogConfig\nname: cozy-fleet\nurl: {LogScheme}{log}\n"] : [];
}
