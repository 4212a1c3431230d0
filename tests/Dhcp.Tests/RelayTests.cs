using System.Net;

namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>Requests that came through a relay (netboot.md 10).</summary>
public sealed class RelayTests
{
    private static readonly byte[] Circuit = [1, 4, (byte)'e', (byte)'t', (byte)'h', (byte)'1', 2, 2, 0xab, 0xcd];

    private readonly Rack rack = new();

    [Fact]
    public void The_relays_address_chooses_the_network_and_its_information_comes_back_last()
    {
        var discover = Wire.Firmware(1, 7, new(Giaddr: "10.2.0.254"), (82, Circuit));

        var reply = new ReplyView(rack.Ask(discover, Rack.Loader).Reply!, Wire.Request(discover));

        Assert.StartsWith("10.2.0.1", reply.AddressAt(16), StringComparison.Ordinal);
        Assert.Equal("10.2.0.254", reply.AddressAt(24));
        Assert.Equal(82, reply.Options[^1].Code);
        Assert.Equal(Circuit, reply.Options[^1].Value);
    }

    [Fact]
    public void A_reply_without_room_leaves_other_options_out_and_keeps_the_relays()
    {
        byte[] information = [1, 251, .. Enumerable.Repeat((byte)'p', 251)];
        var discover = Wire.Packet(new(Giaddr: "10.2.0.254"), (53, [1]), (60, "PXEClient"u8.ToArray()), (93, [0, 7]), (82, information));

        var reply = new ReplyView(rack.Ask(discover, Rack.Loader, new string('h', 60)).Reply!, Wire.Request(discover));

        Assert.Equal(information, reply[82]);
        Assert.True(reply.Bytes.Length <= 548);
        Assert.NotNull(reply[54]);
    }

    [Fact]
    public void Information_that_one_option_cannot_carry_back_is_refused()
    {
        var datagram = Wire.Packet(new(Giaddr: "10.2.0.254"), (53, [1]), (82, new byte[200]), (82, new byte[100]));

        Assert.True(DhcpPacket.TryWrap(datagram, out var packet, out _));
        Assert.False(DhcpRequest.TryFrom(packet, out _, out var refusal));
        Assert.Equal("relay-information-too-long", refusal);
    }

    [Theory]
    [InlineData("10.1.0.254", "82.5")] // RFC 3527: link selection
    [InlineData("10.1.0.254", "118")] // RFC 3011: subnet selection
    public void Link_and_subnet_selection_outrank_the_relays_address(string giaddr, string option)
    {
        byte[] far = Wire.Bytes("10.2.0.0");
        var datagram = Wire.Plain(1, new(Giaddr: giaddr), option == "118" ? ((byte)118, far) : ((byte)82, (byte[])[5, 4, .. far]));

        Assert.Equal("10.2.0", Prefix(rack.Ask(datagram).Reply!.YourAddress));
    }

    [Fact]
    public void The_relays_link_selection_outranks_the_clients_subnet_selection_which_comes_back()
    {
        var datagram = Wire.Plain(1, new(Giaddr: "10.1.0.254"), (118, Wire.Bytes("10.1.0.0")), (82, [5, 4, .. Wire.Bytes("10.2.0.0")]));

        var reply = rack.Ask(datagram).Reply!;

        Assert.Equal("10.2.0", Prefix(reply.YourAddress));
        Assert.Equal(Wire.Bytes("10.1.0.0"), new ReplyView(reply, Wire.Request(datagram))[118]);
    }

    [Fact]
    public void A_relay_of_a_network_that_is_not_ours_gets_no_answer() =>
        Assert.Equal("no-subnet", rack.Ask(Wire.Plain(1, new(Giaddr: "10.3.0.1"))).Reason);

    [Fact]
    public void The_server_identifier_that_the_relay_wants_is_used_and_recognised()
    {
        byte[] information = [11, 4, .. Wire.Bytes("10.2.0.254")];
        var discover = Wire.Plain(1, new(Giaddr: "10.2.0.254"), (82, information));
        var offer = rack.Ask(discover).Reply!;

        var answer = rack.Ask(Wire.Plain(3, new(Giaddr: "10.2.0.254"),
            (50, Ipv4.ToAddress(offer.YourAddress).GetAddressBytes()), (54, Wire.Bytes("10.2.0.254")), (82, information)));

        Assert.Equal(Wire.Ip("10.2.0.254"), offer.ServerIdentifier);
        Assert.Equal(DhcpMessageType.Ack, answer.Reply!.MessageType);
    }

    [Fact]
    public void A_nak_through_a_relay_asks_it_to_broadcast()
    {
        var request = Wire.Plain(3, new(Giaddr: "10.2.0.254"), (50, Wire.Bytes("10.9.9.9")), (54, Wire.Bytes("10.1.0.1")), (82, Circuit));

        var reply = new ReplyView(rack.Ask(request).Reply!, Wire.Request(request));

        Assert.Equal([6], reply[53]!);
        Assert.Equal(0x80, reply.Bytes[10]);
        Assert.Equal(Circuit, reply[82]);
        Assert.Equal("0.0.0.0", reply.AddressAt(16));
    }

    [Theory]
    [InlineData("bootService", "10.1.0.50:4011")]
    [InlineData("bootServiceWithoutAddress", "broadcast")]
    [InlineData("relay", "10.2.0.254:67")]
    [InlineData("relayPort", "10.2.0.254:4999")]
    [InlineData("nak", "broadcast")]
    [InlineData("renewing", "10.1.0.50:68")]
    [InlineData("flag", "broadcast")]
    [InlineData("proxy", "broadcast")]
    [InlineData("quiet", "52:54:00:12:34:56 10.1.0.100:68")]
    public void A_reply_goes_where_rfc_2131_sends_it(string state, string expected)
    {
        var request = Wire.Request(state switch
        {
            "relay" => Wire.Plain(1, new(Giaddr: "10.2.0.254")),
            "relayPort" => Wire.Plain(1, new(Giaddr: "10.2.0.254"), (82, [19, 0])),
            "renewing" or "nak" => Wire.Plain(3, new(Ciaddr: "10.1.0.50")),
            "flag" => Wire.Plain(1, new(Broadcast: true)),
            _ => Wire.Plain(1),
        });
        var reply = new DhcpReply(state == "nak" ? DhcpMessageType.Nak : DhcpMessageType.Ack, Wire.Ip("10.1.0.1"))
        {
            YourAddress = state is "proxy" or "nak" ? 0 : Wire.Ip("10.1.0.100"),
        };
        var source = state switch
        {
            "bootService" => "10.1.0.50:4011",
            "bootServiceWithoutAddress" => "0.0.0.0:68",
            _ => "10.2.0.254:4999",
        };

        var text = ReplyDestination.Choose(request, reply, IPEndPoint.Parse(source), state.StartsWith("bootService", StringComparison.Ordinal)) switch
        {
            ReplyDestination.Unicast to => to.EndPoint.ToString(),
            ReplyDestination.Link to => $"{to.Mac} {to.EndPoint}",
            _ => "broadcast",
        };

        Assert.Equal(expected, text);
    }

    private static string Prefix(uint address) => string.Join('.', Ipv4.ToAddress(address).GetAddressBytes()[..3]);
}
