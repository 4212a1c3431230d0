using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests;

public sealed class ReservationTests
{
    private static readonly MacAddress Other = MacAddress.Parse("52:54:00:00:00:99");

    private readonly Rack rack = new(reservations: [new(Wire.Mac, Wire.Ip("10.1.0.10"), "head"), new(Other, Wire.Ip("10.1.0.101"))]);

    [Fact]
    public void A_machine_gets_its_address_and_name_whatever_client_id_it_sends()
    {
        Assert.Equal(Wire.Ip("10.1.0.10"), rack.Lease(Wire.Mac));

        var ipxe = rack.Ask(Wire.Ipxe(1, 0)).Reply!;

        Assert.Equal((Wire.Ip("10.1.0.10"), "head"), (ipxe.YourAddress, ipxe.HostName));
    }

    [Fact]
    public void The_name_that_the_coordinator_gave_outranks_the_reservations() =>
        Assert.Equal("cp-1", rack.Ask(Wire.Plain(1), null, "cp-1").Reply!.HostName);

    [Fact]
    public void Nobody_else_is_offered_a_reserved_address()
    {
        var addresses = Enumerable.Range(1, 2).Select(i => rack.Lease(MacAddress.Parse($"52:54:00:00:01:0{i}"))).Order();

        Assert.Equal([Wire.Ip("10.1.0.100"), Wire.Ip("10.1.0.102")], addresses);
        Assert.Equal("pool-exhausted", rack.Ask(Wire.Plain(1, new(Mac: MacAddress.Parse("52:54:00:00:01:03")))).Reason);
    }

    [Fact]
    public void A_machine_that_asks_for_another_address_than_its_own_is_sent_back() =>
        Assert.Equal(DhcpMessageType.Nak, rack.Ask(Rack.Selecting(new(), Wire.Ip("10.1.0.100"))).Reply!.MessageType);

    [Fact]
    public void While_a_stranger_still_has_the_reserved_address_its_owner_gets_another()
    {
        // Leased before the reservation was written into the configuration.
        rack.Leases.Restore(new(Wire.Ip("10.1.0.10"), MacAddress.Parse("52:54:00:00:01:07"), rack.Clock.GetUtcNow().AddMinutes(5)));

        Assert.Contains(rack.Lease(Wire.Mac), new[] { Wire.Ip("10.1.0.100"), Wire.Ip("10.1.0.102") });
        rack.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(Wire.Ip("10.1.0.10"), rack.Lease(Wire.Mac));
    }

    [Fact]
    public void A_reserved_address_that_was_declined_rests()
    {
        rack.Lease(Wire.Mac);
        rack.Ask(Wire.Plain(4, new(), (50, Wire.Bytes("10.1.0.10")), (54, Wire.Bytes("10.1.0.1"))));

        Assert.NotEqual(Wire.Ip("10.1.0.10"), rack.Lease(Wire.Mac));
    }

    [Theory]
    [InlineData("uuid")]
    [InlineData("client id")]
    [InlineData("circuit id")]
    public void A_sign_that_only_some_requests_carry_is_remembered_by_the_lease(string sign)
    {
        Assert.True(MachineUuid.TryParse("11223344-5566-7788-99aa-bbccddeeff00", out var uuid));
        var reserved = new Reservation<uint>(null, Wire.Ip("10.1.0.20"), "head");
        var own = new Rack(reservations: sign switch
        {
            "uuid" => reserved with { Uuid = uuid },
            "client id" => reserved with { ClientIdentifier = "01525400123456" },
            _ => reserved with { CircuitId = "65746831" },
        });
        (byte, byte[]) port = (82, [1, 4, .. "eth1"u8]);
        var offer = own.Ask(Wire.Ipxe(1, 7, port)).Reply!;
        own.Ask(Wire.Ipxe(3, 7, port, (50, Wire.Bytes("10.1.0.20")), (54, Wire.Bytes("10.1.0.1"))));

        var renewed = own.Ask(Wire.Plain(3, new(Ciaddr: "10.1.0.20"))).Reply!;

        Assert.Equal((Wire.Ip("10.1.0.20"), "head"), (offer.YourAddress, offer.HostName));
        Assert.Equal((DhcpMessageType.Ack, Wire.Ip("10.1.0.20"), "head"), (renewed.MessageType, renewed.YourAddress, renewed.HostName));
        Assert.NotEqual(Wire.Ip("10.1.0.20"), own.Lease(Other));
    }

    [Fact]
    public void The_same_client_gets_the_same_address_from_an_empty_table()
    {
        var first = new Rack(ranges: "10.1.0.10-10.1.0.200").Lease(Wire.Mac);

        Assert.Equal(first, new Rack(ranges: "10.1.0.10-10.1.0.200").Lease(Wire.Mac));
    }

    [Fact]
    public void Addresses_of_the_network_itself_are_never_offered()
    {
        var small = new Rack(ranges: "10.1.0.253-10.1.0.255");

        Assert.Equal(Wire.Ip("10.1.0.253"), small.Lease(Wire.Mac));
        Assert.Equal("pool-exhausted", small.Ask(Wire.Plain(1, new(Mac: Other))).Reason);
    }
}
