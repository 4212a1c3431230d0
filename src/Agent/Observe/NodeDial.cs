using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>Connects to a node at the address that it has now: the one that this agent gave out last, else the one that it is told.</summary>
internal sealed class NodeDial(AgentConfig config, AddressBook addresses)
{
    /// <param name="credential">Null for maintenance mode.</param>
    /// <returns>Null when the node has no address that is known here.</returns>
    public TalosConnection? To(string node, string address, TalosCredential? credential)
    {
        var known = AddressOf(node, address);
        return known is null ? null
            : credential is null ? TalosConnection.Maintenance(known, config.TalosPort)
            : At(known, credential);
    }

    /// <summary>Connects to whoever is at this address; what it is must be asked.</summary>
    public TalosConnection At(IPAddress address, TalosCredential credential) =>
        TalosConnection.Secure(address, config.TalosPort, new(credential.Ca, credential.Certificate, credential.Key));

    /// <summary>Null when none is known here.</summary>
    public IPAddress? AddressOf(string node, string address) =>
        addresses.AddressOf(node) ?? (IPAddress.TryParse(address, out var given) ? given : null);
}
