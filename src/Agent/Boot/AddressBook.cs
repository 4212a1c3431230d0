using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Where a node answers now: the newest address that one of its links was given.</summary>
internal sealed class AddressBook(DesiredStateStore desired, BootSessions sessions)
{
    /// <summary>Null when this agent gave it no address since its start.</summary>
    public IPAddress? AddressOf(string node)
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
