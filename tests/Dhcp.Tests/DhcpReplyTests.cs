using System.Text;

namespace Cozy.Fleet.Dhcp.Tests;

public sealed class DhcpReplyTests
{
    private static readonly DhcpRequest Bios = Asked.Request(DhcpMessageType.Discover) with
    {
        Flags = 0x8000, BootClass = "PXEClient", Firmware = ClientFirmware.Bios,
    };

    private static readonly DhcpReply Offer = new(DhcpMessageType.Offer, Asked.Server)
    {
        YourAddress = Asked.Number("10.1.0.100"), Network = Asked.Subnet().Network, Boot = Asked.Boot,
    };

    [Fact]
    public void Offer_has_these_bytes()
    {
        var file = Encoding.ASCII.GetBytes(Asked.Boot.File);
        byte[] expected =
        [
            .. Hex("02010600 01020304 0000 8000 00000000 0a010064 0a010001 00000000"), // header to giaddr
            .. Hex("525400000001"), .. new byte[10], .. new byte[64], // chaddr, sname
            .. file, .. new byte[128 - file.Length],
            .. Hex("63825363 350102 36040a010001 0104ffffff00 03040a0100fe 06040a010035"),
            .. Hex("0f09"), .. "rack.test"u8,
            .. Hex("330400000e10 3a0400000708 3b0400000c4e"), // 3600, 1800, 3150 s
            .. Hex("4313"), .. file,
            .. Hex("3c09"), .. "PXEClient"u8,
            .. Hex("2b04060108ff ff"),
        ];
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(Asked.WrittenBytes(Offer, Bios)));
    }

    [Fact]
    public void Nak_carries_the_reason_the_client_id_and_the_relays_words_and_nothing_else()
    {
        var request = Asked.Request(DhcpMessageType.Request) with
        {
            RelayAddress = Asked.Number("10.1.0.253"), RelayAgentInformation = [1, 2, 0xaa, 0xbb], ClientIdentifier = [1, 2, 3],
            ClientAddress = Asked.Number("10.1.0.100"),
        };
        var bytes = Asked.WrittenBytes(new(DhcpMessageType.Nak, Asked.Server) { Message = "no" }, request);
        Assert.Equal(Hex("350106 36040a010001 38026e6f 3d03010203 52040102aabb ff"), bytes[240..265]);
        Assert.All(bytes[265..], b => Assert.Equal(0, b));
        // The relay must broadcast it, and ciaddr stays empty (RFC 2131 4.1, 4.3.1).
        Assert.Equal((0x80, 0u), (bytes[10], BitConverter.ToUInt32(bytes, 12)));
    }

    [Fact]
    public void Relays_information_comes_back_last_and_unchanged_whatever_else_must_go()
    {
        var information = Enumerable.Range(0, 255).Select(i => (byte)i).ToArray();
        var request = Bios with { RelayAgentInformation = information, MaximumSize = 548, ClientIdentifier = new byte[200] };
        var bytes = Asked.WrittenBytes(Offer, request);
        Assert.True(bytes.Length <= 548);
        Assert.Equal(information, Asked.Option(bytes, 82)!);
        Assert.Equal(255, bytes[^1]);
        Assert.Equal(82, bytes[^(1 + 255 + 2)]);
    }

    [Fact]
    public void Http_client_gets_its_own_class_and_a_url()
    {
        var request = Bios with { BootClass = "HTTPClient", Firmware = ClientFirmware.UefiX64 };
        var reply = Offer with { Boot = new(Asked.Server, "http://10.1.0.1/boot/abc/snponly.efi") };
        var offer = Asked.Written(reply, request);
        Assert.Equal(("HTTPClient", "http://10.1.0.1/boot/abc/snponly.efi", false), (offer.VendorClass, offer.BootFile, offer.BootWithoutBootService));
    }

    [Fact]
    public void Ipxe_is_told_not_to_wait_for_a_proxy()
    {
        var bytes = Asked.WrittenBytes(Offer, Bios with { IsIpxe = true });
        Assert.Equal([0xb0, 1, 1], Asked.Option(bytes, 175)!);
        Assert.Null(Asked.Option(Asked.WrittenBytes(Offer, Bios), 175));
    }

    [Fact]
    public void Long_url_is_in_the_option_alone()
    {
        var url = "http://10.1.0.1/" + new string('a', 150);
        var bytes = Asked.WrittenBytes(Offer with { Boot = new(Asked.Server, url) }, Bios);
        Assert.Equal(url, Encoding.ASCII.GetString(Asked.Option(bytes, 67)!));
        Assert.All(bytes[108..236], b => Assert.Equal(0, b));
    }

    [Fact]
    public void Short_replies_are_padded_to_what_relays_pass_on() =>
        Assert.Equal(300, Asked.WrittenBytes(new(DhcpMessageType.Nak, Asked.Server), Asked.Request(DhcpMessageType.Request)).Length);

    [Theory] // giaddr, 82.19, ciaddr, yiaddr, broadcast flag, type
    [InlineData("10.1.0.253", false, "0.0.0.0", "10.1.0.100", false, DhcpMessageType.Offer, "Unicast 10.1.0.253:67")]
    [InlineData("10.1.0.253", true, "0.0.0.0", "10.1.0.100", false, DhcpMessageType.Offer, "Unicast 10.1.0.253:4321")]
    [InlineData("0.0.0.0", false, "0.0.0.0", "0.0.0.0", false, DhcpMessageType.Nak, "Broadcast")]
    [InlineData("0.0.0.0", false, "10.1.0.100", "10.1.0.100", false, DhcpMessageType.Ack, "Unicast 10.1.0.100:68")]
    [InlineData("0.0.0.0", false, "0.0.0.0", "0.0.0.0", false, DhcpMessageType.Offer, "Broadcast")]
    [InlineData("0.0.0.0", false, "0.0.0.0", "10.1.0.100", true, DhcpMessageType.Offer, "Broadcast")]
    [InlineData("0.0.0.0", false, "0.0.0.0", "10.1.0.100", false, DhcpMessageType.Offer, "Link 10.1.0.100:68")]
    public void Reply_goes_where_its_client_hears_it(
        string relay, bool sourcePort, string client, string yours, bool broadcast, DhcpMessageType type, string expected)
    {
        var request = Asked.Request(DhcpMessageType.Request) with
        {
            RelayAddress = Asked.Number(relay), RelaySourcePort = sourcePort, ClientAddress = Asked.Number(client),
            Flags = (ushort)(broadcast ? 0x8000 : 0),
        };
        var reply = new DhcpReply(type, Asked.Server) { YourAddress = Asked.Number(yours) };
        var source = new System.Net.IPEndPoint(System.Net.IPAddress.Parse("10.1.0.253"), 4321);
        Assert.Equal(expected, ReplyDestination.Choose(request, reply, source, bootService: false) switch
        {
            ReplyDestination.Unicast to => $"Unicast {to.EndPoint}",
            ReplyDestination.Link to => $"Link {to.EndPoint}",
            _ => "Broadcast",
        });
        Assert.Equal(new ReplyDestination.Unicast(source), ReplyDestination.Choose(request, reply, source, bootService: true));
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));
}
