namespace Cozy.Fleet.Dhcp.Tests;

public sealed class ProxyDhcpTests
{
    [Theory]
    [InlineData(DhcpMessageType.Discover, false, "Offer")]
    [InlineData(DhcpMessageType.Request, false, "not-for-a-proxy")]
    [InlineData(DhcpMessageType.Inform, false, "not-for-a-proxy")]
    [InlineData(DhcpMessageType.Discover, true, "not-for-a-proxy")]
    [InlineData(DhcpMessageType.Request, true, "Ack")]
    [InlineData(DhcpMessageType.Inform, true, "Ack")]
    [InlineData(DhcpMessageType.Release, true, "not-for-a-proxy")]
    public void Boot_client_is_answered_where_a_proxy_should(DhcpMessageType type, bool bootService, string expected)
    {
        var answer = ProxyDhcp.Answer(Asked.Request(type) with { BootClass = "PXEClient" }, Asked.Boot, Asked.Server, bootService);
        Assert.Equal(expected, answer.Reply?.MessageType.ToString() ?? answer.Reason);
        Assert.Null(answer.Store);
    }

    [Theory]
    [InlineData(DhcpMessageType.Discover, false)]
    [InlineData(DhcpMessageType.Request, false)]
    [InlineData(DhcpMessageType.Inform, true)]
    public void Plain_client_hears_nothing(DhcpMessageType type, bool bootService)
    {
        var answer = ProxyDhcp.Answer(Asked.Request(type), Asked.Boot, Asked.Server, bootService);
        Assert.Equal((null, "not-a-boot-client"), (answer.Reply, answer.Reason));
    }

    [Fact]
    public void Machine_that_has_nothing_to_boot_hears_nothing()
    {
        var request = Asked.Request(DhcpMessageType.Discover) with { BootClass = "PXEClient" };
        Assert.Equal("nothing-to-boot", ProxyDhcp.Answer(request, null, Asked.Server, bootService: false).Reason);
    }

    [Fact]
    public void Offer_has_the_file_and_no_address()
    {
        var request = Asked.Request(DhcpMessageType.Discover) with { BootClass = "PXEClient" };
        var offer = Asked.Written(ProxyDhcp.Answer(request, Asked.Boot, Asked.Server, bootService: false).Reply!, request);
        Assert.Equal(("0.0.0.0", Asked.Boot.File, "PXEClient", true),
            (offer.YourAddress.ToString(), offer.BootFile, offer.VendorClass, offer.BootWithoutBootService));
    }
}
