using System.Globalization;
using System.Text;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Session;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// The agent's figures in Prometheus' text form, on the port that machines boot from. They are numbers and reasons only: whoever is on
/// that network may read them.
/// </summary>
internal sealed class AgentMetrics(
    RefusalCounters refused, DhcpService dhcp, Dhcp6Service dhcp6, BootSessions sessions,
    AssetCache assets, Journal journal, Observer observer)
{
    public string Text()
    {
        var text = new StringBuilder();
        Add("leases", "gauge", "Addresses in machines' hands.", dhcp.LeaseCount + dhcp6.LeaseCount);
        Add("boot_sessions", "gauge", "Boots of the last half hour.", sessions.Count);
        Add("nodes_watched", "gauge", "Nodes that tell by themselves when something changes.", observer.Watched);
        Add("assets_ready", "gauge", "Boot assets that are here and verified.", assets.States.Count(a => a.Ready));
        Add("assets_missing", "gauge", "Boot assets that are wanted and not here.", assets.States.Count(a => !a.Ready));
        Add("journal_pending", "gauge", "Reports that the coordinator does not have yet.", journal.Pending);
        Head("refused_total", "counter", "What was refused since the start, by reason.");
        foreach (var (reason, count) in refused.Snapshot().OrderBy(r => r.Key, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"cozyfleet_agent_refused_total{{reason=\"{reason}\"}} {count}\n");
        return text.ToString();

        void Add(string name, string type, string help, long value)
        {
            Head(name, type, help);
            text.Append(CultureInfo.InvariantCulture, $"cozyfleet_agent_{name} {value}\n");
        }

        void Head(string name, string type, string help) =>
            text.Append($"# HELP cozyfleet_agent_{name} {help}\n# TYPE cozyfleet_agent_{name} {type}\n");
    }
}
