using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class ForeignServerTests
{
    private static readonly IPAddress Ours = IPAddress.Parse("10.1.0.1");

    private static readonly DhcpServerMessage Plain = new(
        DhcpMessageType.Offer, MacAddress.Parse("02:00:00:00:00:01"), 1, IPAddress.Parse("10.1.0.9"), IPAddress.Parse("10.1.0.2"), 0x0a010002, "", "", false);

    private static readonly DhcpServerMessage Proxy = Plain with { YourAddress = IPAddress.Any, VendorClass = "PXEClient" };

    private static readonly DhcpServerMessage BootService = Plain with { VendorClass = "PXEClient" };

    /// <summary>Our mode, the other's reply, and what the complaint has in it; empty: there is none (netboot.md 7.1).</summary>
    public static TheoryData<string, DhcpServerMessage, string> Replies => new()
    {
        { "Server", Plain, "it gives addresses beside this agent" },
        { "Server", Plain with { MessageType = DhcpMessageType.Ack }, "it gives addresses" },
        { "Server", Plain with { MessageType = DhcpMessageType.Nak }, "" },
        { "Server", Proxy, "proxyDHCP" },
        { "Proxy", Plain, "" },
        { "Proxy", Plain with { BootFile = "pxelinux.0" }, "" },
        { "Proxy", BootService, "remove option 60 there, or set its next-server to 10.1.0.1" },
        { "Proxy", BootService with { NextServer = Ours }, "" },
        { "Proxy", BootService with { BootWithoutBootService = true }, "" },
        { "Proxy", Proxy, "proxyDHCP" },
    };

    [Theory]
    [MemberData(nameof(Replies))]
    public void A_reply_that_is_not_ours_is_judged_by_what_it_does_to_machines(string mode, DhcpServerMessage reply, string complaint)
    {
        var said = ForeignServer.ComplaintAbout(reply, Enum.Parse<DhcpMode>(mode), Ours);

        Assert.Equal(complaint == "", said is null);
        Assert.Contains(complaint, said ?? "", StringComparison.Ordinal);
    }
}
