using System.Collections.Concurrent;
using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Where a node answers now: the newest address that one of its links was given, or the one at which it was found since, because its
/// config gives it another.
/// </summary>
internal sealed class AddressBook(DesiredStateStore desired, BootSessions sessions)
{
    private readonly ConcurrentDictionary<string, (IPAddress Found, IPAddress? Given)> found = new();

    /// <summary>Null when this agent gave it no address since its start, and did not find it.</summary>
    public IPAddress? AddressOf(string node)
    {
        var given = GivenTo(node);
        // A newer lease means that it boots anew, and asks for its address again.
        return found.TryGetValue(node, out var last) && Equals(last.Given, given) ? last.Found : given;
    }

    /// <summary>The node itself answered there.</summary>
    public void Found(string node, IPAddress address) => found[node] = (address, GivenTo(node));

    private IPAddress? GivenTo(string node)
    {
        var macs = desired.Current?.Nodes.FirstOrDefault(n => n.Node == node)?.Macs;
        foreach (var text in macs ?? [])
        {
            if (MacAddress.TryParse(text, out var mac) && sessions.AddressOf(mac) is { } address)
                return address;
        }
        return null;
    }
}
