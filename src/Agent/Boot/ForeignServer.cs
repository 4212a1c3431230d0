using System.Net;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Another DHCP server or boot service on the machines' network that gets in our way.</summary>
/// <param name="Complaint">What it does and what to do about it: a sentence without its name and its full stop.</param>
/// <param name="Since">When it was heard first.</param>
/// <param name="Seen">When it was heard last.</param>
internal sealed record ForeignServer(IPAddress Address, MacAddress Card, string Complaint, DateTimeOffset Since, DateTimeOffset Seen)
{
    /// <summary>What is wrong with a message of DHCPv6 that is not ours, where this agent serves IPv6; null: nothing.</summary>
    public static string? ComplaintAbout(Dhcp6ServerMessage message) =>
        message.GivesAddress
            ? "it gives IPv6 addresses beside this agent: switch its DHCPv6 off, or take dhcp6 out of this agent's configuration"
        : message.BootUrl != ""
            ? "it tells machines what to boot over IPv6 (option 59), and whom they listen to is chance: remove that option there"
        : null;

    /// <summary>What is wrong with a reply that is not ours; null: nothing.</summary>
    public static string? ComplaintAbout(DhcpServerMessage reply, DhcpMode mode, IPAddress ours)
    {
        if (reply.MessageType is not (DhcpMessageType.Offer or DhcpMessageType.Ack))
            return null;
        if (reply.YourAddress.Equals(IPAddress.Any))
        {
            return reply.VendorClass is "PXEClient" or "HTTPClient"
                ? "it tells machines what to boot (proxyDHCP), and whom they listen to is chance: switch it off" : null;
        }
        if (mode == DhcpMode.Server)
            return "it gives addresses beside this agent: switch it off, or let this agent be a proxy (dhcp.mode: proxy)";
        // A promise of a boot service outranks every proxy: firmware asks there, on port 4011, and nowhere else (netboot.md 7.1).
        return reply.VendorClass == "PXEClient" && !reply.BootWithoutBootService && !reply.NextServer.Equals(ours)
            ? "it names itself as boot service (option 60), so that firmware does not ask this agent: "
                + $"remove option 60 there, or set its next-server to {ours}"
            : null;
    }
}
