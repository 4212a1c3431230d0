namespace Cozy.Fleet.Dhcp.V6;

/// <summary>One envelope that a relay put around a message; the answer gets the same one (RFC 8415 19).</summary>
/// <param name="Link">Its address on the client's link, which chooses the subnet; 0 when it says nothing.</param>
/// <param name="Peer">Whom it heard: the client, or the relay before it.</param>
/// <param name="InterfaceId">Its own note, which comes back as it was; null when there is none.</param>
public sealed record Dhcp6Relay(byte Hops, UInt128 Link, UInt128 Peer, byte[]? InterfaceId)
{
    /// <summary>What its envelope adds to an answer: type and hops, two addresses, the message as an option, and its note.</summary>
    internal int Length => 2 + (2 * Ipv6.Bytes) + Dhcp6Options.Header + (InterfaceId is { } id ? Dhcp6Options.Header + id.Length : 0);
}
