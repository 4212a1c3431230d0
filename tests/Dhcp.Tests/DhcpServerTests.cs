using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>RFC 2131 4.3 and table 4, row by row.</summary>
public sealed class DhcpServerTests
{
    private static readonly MacAddress Other = MacAddress.Parse("52:54:00:00:00:99");

    private readonly Rack rack = new();

    [Theory]
    [InlineData((ushort)0)]
    [InlineData((ushort)7)]
    [InlineData((ushort)9)]
    public void Firmware_gets_an_address_and_a_file_that_it_may_load_without_asking_port_4011(ushort architecture)
    {
        var discover = Wire.Firmware(1, architecture);

        var reply = new ReplyView(rack.Ask(discover, Rack.Loader).Reply!, Wire.Request(discover));

        Assert.Equal([2], reply[53]!);
        Assert.Equal(Wire.Bytes("10.1.0.1"), reply[54]);
        Assert.StartsWith("10.1.0.10", reply.AddressAt(16), StringComparison.Ordinal);
        Assert.Equal("10.1.0.1", reply.AddressAt(20));
        Assert.Equal(("b/abc/undionly.kpxe", "b/abc/undionly.kpxe"), (reply.File, reply.TextOf(67)));
        Assert.Equal("PXEClient", reply.TextOf(60));
        Assert.Equal([6, 1, 8, 255], reply[43]!);
        Assert.Equal(Wire.MachineId, reply[97]);
        Assert.Null(reply[175]);
    }

    [Fact]
    public void Ipxe_is_told_that_no_proxy_will_answer()
    {
        var discover = Wire.Ipxe(1, 7);
        var script = new BootReply(Wire.Ip("10.1.0.1"), "http://10.1.0.1/boot/abc/script.ipxe");

        var reply = new ReplyView(rack.Ask(discover, script).Reply!, Wire.Request(discover));

        Assert.Equal(("http://10.1.0.1/boot/abc/script.ipxe", "PXEClient"), (reply.TextOf(67), reply.TextOf(60)));
        Assert.Equal([0xb0, 1, 1], reply[175]!);
        Assert.Equal([1, 0x52, 0x54, 0, 0x12, 0x34, 0x56], reply[61]!);
    }

    [Fact]
    public void Firmware_that_boots_over_http_gets_its_own_class_and_a_url()
    {
        var discover = Wire.Packet(new(), (53, [1]), (93, [0, 16]), Wire.Text(60, "HTTPClient:Arch:00016:UNDI:003000"));

        var reply = new ReplyView(
            rack.Ask(discover, new(Wire.Ip("10.1.0.1"), "http://10.1.0.1/boot/abc/snponly.efi")).Reply!, Wire.Request(discover));

        Assert.Equal(("HTTPClient", "http://10.1.0.1/boot/abc/snponly.efi"), (reply.TextOf(60), reply.TextOf(67)));
        Assert.Null(reply[43]);
    }

    [Fact]
    public void A_plain_client_gets_its_network_and_nothing_about_booting()
    {
        var discover = Wire.Plain(1);

        var reply = new ReplyView(rack.Ask(discover, null, "worker-1").Reply!, Wire.Request(discover));

        // RFC 2132 3.3: the mask stands before the routers.
        Assert.Equal([53, 54, 1, 51, 58, 59, 12, 3, 6, 15, 42], reply.Options.Select(o => o.Code));
        Assert.Equal(Wire.Bytes("255.255.255.0"), reply[1]);
        Assert.Equal(Wire.Bytes("10.1.0.254"), reply[3]);
        Assert.Equal(("rack.test", "worker-1"), (reply.TextOf(15), reply.TextOf(12)));
        Assert.Equal([0, 0, 0x0e, 0x10], reply[51]!);
        Assert.Equal([0, 0, 0x07, 0x08], reply[58]!);
        Assert.Equal([0, 0, 0x0c, 0x4e], reply[59]!);
        Assert.Equal("", reply.File);
    }

    [Fact]
    public void The_same_client_is_offered_the_same_address_again_and_gets_it()
    {
        var first = rack.Ask(Wire.Plain(1)).Reply!.YourAddress;
        var again = rack.Ask(Wire.Plain(1)).Reply!.YourAddress;

        var answer = rack.Ask(Rack.Selecting(new(), first));

        Assert.Equal(first, again);
        Assert.Equal((DhcpMessageType.Ack, first), (answer.Reply!.MessageType, answer.Reply.YourAddress));
        Assert.Equal(rack.Clock.GetUtcNow().AddHours(1), answer.Store!.Value.Expires);
    }

    [Fact]
    public void A_client_that_chose_another_server_is_left_alone_and_its_offer_is_free_again()
    {
        var offered = rack.Ask(Wire.Plain(1)).Reply!.YourAddress;

        var answer = rack.Ask(Rack.Selecting(new(), offered, server: "10.1.0.77"));

        Assert.Equal((null, null, "chose-another-server"), (answer.Reply, answer.Store, answer.Reason));
        Assert.Equal(0, rack.Leases.LiveCount(rack.Clock.GetUtcNow()));
    }

    // INIT-REBOOT names the address in option 50, RENEWING and REBINDING in ciaddr.
    [Theory]
    [InlineData(false, "10.1.0.101", "", "unknown-client")]
    [InlineData(true, "10.1.0.101", "", "ack")]
    [InlineData(false, "10.9.0.5", "", "unknown-client")] // somebody else may serve that network on this very link
    [InlineData(true, "10.9.0.5", "", "nak")]
    [InlineData(true, "", "10.9.0.5", "nak")]
    [InlineData(false, "", "10.9.0.5", "no-subnet")]
    [InlineData(true, "10.1.0.50", "", "nak")]
    [InlineData(false, "", "10.1.0.101", "unknown-client")]
    [InlineData(true, "", "10.1.0.101", "ack")]
    [InlineData(true, "", "", "no-address-asked")]
    public void An_unknown_client_is_answered_by_who_owns_the_network(bool authoritative, string requested, string ciaddr, string expected)
    {
        var owner = new Rack(authoritative);
        (byte, byte[])[] options = requested == "" ? [] : [(50, Wire.Bytes(requested))];

        var answer = owner.Ask(Wire.Plain(3, new(Ciaddr: ciaddr == "" ? "0.0.0.0" : ciaddr), options));

        Assert.Equal(expected, answer.Reply?.MessageType == DhcpMessageType.Ack ? "ack" : answer.Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_client_keeps_its_lease_when_it_starts_again_and_when_it_renews(bool renews)
    {
        var address = rack.Lease(Wire.Mac);
        rack.Clock.Advance(TimeSpan.FromMinutes(30));
        var text = Ipv4.ToAddress(address).ToString();

        var answer = rack.Ask(renews ? Wire.Plain(3, new(Ciaddr: text)) : Wire.Plain(3, new(), (50, Wire.Bytes(text))));

        Assert.Equal((DhcpMessageType.Ack, address), (answer.Reply!.MessageType, answer.Reply.YourAddress));
        Assert.Equal(rack.Clock.GetUtcNow().AddHours(1), answer.Store!.Value.Expires);
    }

    [Fact]
    public void Somebody_elses_address_is_refused()
    {
        var address = rack.Lease(Other);
        rack.Lease(Wire.Mac);

        var answer = rack.Ask(Wire.Plain(3, new(), (50, Ipv4.ToAddress(address).GetAddressBytes())));

        var reply = new ReplyView(answer.Reply!, Wire.Request(Wire.Plain(3)));
        Assert.Equal((DhcpMessageType.Nak, "nak"), (answer.Reply!.MessageType, answer.Reason));
        Assert.Equal([53, 54, 56], reply.Options.Select(o => o.Code));
        Assert.Null(answer.Store);
    }

    [Fact]
    public void A_full_pool_answers_nobody_new_until_a_lease_ends()
    {
        MacAddress[] macs = [.. Enumerable.Range(1, 4).Select(i => MacAddress.Parse($"52:54:00:00:00:0{i}"))];
        var addresses = macs.Take(3).Select(rack.Lease).ToHashSet();

        Assert.Equal(3, addresses.Count);
        Assert.Equal("pool-exhausted", rack.Ask(Wire.Plain(1, new(Mac: macs[3]))).Reason);
        rack.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Contains(rack.Lease(macs[3]), addresses);
    }

    [Fact]
    public void Offers_that_nobody_took_are_free_after_a_minute()
    {
        foreach (var i in Enumerable.Range(1, 3))
            Assert.NotNull(rack.Ask(Wire.Plain(1, new(Mac: MacAddress.Parse($"de:ad:c0:de:ca:0{i}")))).Reply);
        Assert.Null(rack.Ask(Wire.Plain(1)).Reply);

        rack.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.NotNull(rack.Ask(Wire.Plain(1)).Reply);
    }

    [Fact]
    public void A_declined_address_rests_and_the_client_gets_another()
    {
        var address = rack.Lease(Wire.Mac);

        var answer = rack.Ask(Wire.Plain(4, new(), (50, Ipv4.ToAddress(address).GetAddressBytes()), (54, Wire.Bytes("10.1.0.1"))));

        Assert.Null(answer.Reply);
        Assert.True(answer.Store!.Value.Declined);
        Assert.NotEqual(address, rack.Lease(Wire.Mac));
        Assert.DoesNotContain(address, new[] { rack.Lease(Other) });
    }

    [Fact]
    public void Only_its_holder_declines_or_releases_an_address()
    {
        var address = Ipv4.ToAddress(rack.Lease(Other));

        Assert.Equal("decline-of-unknown-lease", rack.Ask(
            Wire.Plain(4, new(), (50, address.GetAddressBytes()), (54, Wire.Bytes("10.1.0.1")))).Reason);
        Assert.Equal("release-of-unknown-lease", rack.Ask(
            Wire.Plain(7, new(Ciaddr: address.ToString()), (54, Wire.Bytes("10.1.0.1")))).Reason);
        Assert.Equal("release-of-unknown-lease", rack.Ask(
            Wire.Plain(7, new(Ciaddr: address.ToString(), Mac: Other), (54, Wire.Bytes("10.1.0.77")))).Reason);
        Assert.Equal(1, rack.Leases.LiveCount(rack.Clock.GetUtcNow()));
    }

    [Fact]
    public void A_released_address_is_free_and_its_former_holder_gets_it_back()
    {
        var address = rack.Lease(Wire.Mac);

        var answer = rack.Ask(Wire.Plain(7, new(Ciaddr: Ipv4.ToAddress(address).ToString()), (54, Wire.Bytes("10.1.0.1"))));

        Assert.Equal((null, ""), (answer.Reply, answer.Reason));
        Assert.Equal(rack.Clock.GetUtcNow(), answer.Store!.Value.Expires);
        Assert.Equal(0, rack.Leases.LiveCount(rack.Clock.GetUtcNow()));
        Assert.Equal(address, rack.Lease(Wire.Mac));
    }

    [Fact]
    public void Inform_is_answered_without_an_address_and_without_times()
    {
        var inform = Wire.Plain(8, new(Ciaddr: "10.1.0.77"));

        var answer = rack.Ask(inform);

        var reply = new ReplyView(answer.Reply!, Wire.Request(inform));
        Assert.Equal(("0.0.0.0", "10.1.0.77"), (reply.AddressAt(16), reply.AddressAt(12)));
        Assert.NotNull(reply[1]);
        Assert.Null(reply[51]);
        Assert.Null(answer.Store);
    }

    [Fact]
    public void A_discover_with_an_old_ciaddr_is_answered_as_if_it_were_zero()
    {
        var discover = Wire.Plain(1, new(Ciaddr: "192.168.7.7"));

        var reply = rack.Ask(discover).Reply!;

        Assert.Equal("0.0.0.0", new ReplyView(reply, Wire.Request(discover)).AddressAt(12));
        Assert.True(rack.Leases.Holds(Wire.Request(discover), reply.YourAddress, rack.Clock.GetUtcNow()));
    }

    [Fact]
    public void One_power_on_has_one_address_whatever_ids_its_firmware_ipxe_and_system_send()
    {
        var firmware = rack.Lease(Wire.Mac);
        var ipxe = rack.Ask(Wire.Ipxe(1, 7)).Reply!.YourAddress;
        var system = rack.Ask(Wire.Plain(1, null, (61, [255, 1, 2, 3, 4, 0, 2, 7]))).Reply!.YourAddress;

        Assert.Equal((firmware, firmware), (ipxe, system));
        Assert.Equal(1, rack.Leases.LiveCount(rack.Clock.GetUtcNow()));
    }

    [Fact]
    public void A_lease_outlives_the_choice_of_another_server()
    {
        var address = rack.Lease(Wire.Mac);
        rack.Ask(Wire.Plain(1));

        rack.Ask(Rack.Selecting(new(), address, server: "10.1.0.77"));

        // It was acknowledged: until it ends nobody else may have it.
        Assert.True(rack.Leases.Holds(Wire.Request(Wire.Plain(1)), address, rack.Clock.GetUtcNow()));
    }

    [Fact]
    public void Leases_are_listed_without_offers_and_end_by_an_operators_word()
    {
        var address = rack.Lease(Wire.Mac);
        rack.Ask(Wire.Plain(1, new(Mac: Other)));
        var now = rack.Clock.GetUtcNow();

        Assert.Equal([(address, Wire.Mac)], rack.Leases.List(now).Select(l => (l.Address, l.Mac)));
        Assert.Equal(now, rack.Leases.Release(address, now)!.Value.Expires);
        Assert.Empty(rack.Leases.List(now));
        Assert.Null(rack.Leases.Release(address, now));
    }

    [Fact]
    public void A_network_larger_than_24_bits_keeps_the_addresses_that_old_clients_refuse()
    {
        var network = new DhcpNetwork(Wire.Ip("10.4.0.0"), 16, TimeSpan.FromHours(1));
        var wide = new LeaseTable([new(network, [(Wire.Ip("10.4.0.255"), Wire.Ip("10.4.1.1"))], Wire.Ip("10.4.9.9"))], []);

        Assert.Equal(Wire.Ip("10.4.1.1"), wide.Offer(Wire.Request(Wire.Plain(1)), wide.LocalSubnet!, rack.Clock.GetUtcNow())!.Value.Address);
    }

    [Fact]
    public void A_transaction_id_of_zero_is_one_like_others()
    {
        var discover = Wire.Plain(1);
        discover.AsSpan(4, 4).Clear();

        Assert.Equal(DhcpMessageType.Offer, rack.Ask(discover).Reply!.MessageType);
    }

    [Theory]
    [InlineData((byte)2)]
    [InlineData((byte)5)]
    [InlineData((byte)6)]
    public void A_servers_own_message_types_are_not_answered(byte type) =>
        Assert.Equal("not-for-servers", rack.Ask(Wire.Plain(type)).Reason);
}
