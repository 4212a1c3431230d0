using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests;

public sealed class DhcpServerTests
{
    private const DhcpMessageType Discover = DhcpMessageType.Discover;
    private const DhcpMessageType Asks = DhcpMessageType.Request;

    private readonly LeaseTable leases = new([Asked.Subnet()], [new(MacAddress.Parse("52:54:00:00:00:aa"), Asked.Number("10.1.0.7"), "cp1")]);

    [Fact]
    public void Discover_is_offered_an_address_and_the_request_for_it_is_acknowledged_with_a_lease_to_store()
    {
        var offer = Answer(Asked.Request(Discover));
        Assert.Equal((DhcpMessageType.Offer, null), (offer.Reply!.MessageType, offer.Store));

        var ack = Answer(Asked.Request(Asks) with { RequestedAddress = offer.Reply.YourAddress, ServerIdentifier = Asked.Server });
        Assert.Equal((DhcpMessageType.Ack, offer.Reply.YourAddress), (ack.Reply!.MessageType, ack.Reply.YourAddress));
        Assert.Equal((offer.Reply.YourAddress, Asked.Noon.AddHours(1)), (ack.Store!.Address, ack.Store.Expires));
    }

    [Fact]
    public void Repeated_discover_gets_the_same_address_also_from_an_empty_table()
    {
        var first = Answer(Asked.Request(Discover)).Reply!.YourAddress;
        Assert.Equal(first, Answer(Asked.Request(Discover)).Reply!.YourAddress);
        var restarted = new DhcpServer(new([Asked.Subnet()], []), authoritative: false);
        Assert.Equal(first, restarted.Answer(Asked.Request(Discover), null, "", Asked.Noon).Reply!.YourAddress);
    }

    // What an unleased client asks for, at an authoritative server and at one that shares the wire.
    [Theory]
    [InlineData("10.1.0.100", "10.1.0.1", false, "Ack")] // SELECTING
    [InlineData("10.1.0.100", "10.1.0.9", false, "chose-another-server")]
    [InlineData("10.9.0.100", "10.1.0.1", false, "Nak")] // another network
    [InlineData("10.9.0.100", "0.0.0.0", false, "Nak")]
    [InlineData("10.1.0.200", "10.1.0.1", false, "Nak")] // outside of the ranges
    [InlineData("10.1.0.7", "10.1.0.1", false, "Nak")] // somebody else's reservation
    [InlineData("10.1.0.100", "0.0.0.0", false, "unknown-client")] // INIT-REBOOT of a client that we do not know
    [InlineData("10.1.0.100", "0.0.0.0", true, "Ack")]
    [InlineData("10.1.0.200", "0.0.0.0", true, "Nak")]
    [InlineData("0.0.0.0", "0.0.0.0", true, "no-address-asked")]
    public void Request_without_a_lease(string address, string server, bool authoritative, string expected)
    {
        var answer = new DhcpServer(leases, authoritative).Answer(
            Asked.Request(Asks) with { RequestedAddress = Asked.Number(address), ServerIdentifier = Asked.Number(server) },
            null, "", Asked.Noon);
        Assert.Equal(expected, answer.Reply?.MessageType.ToString() ?? answer.Reason);
    }

    [Fact]
    public void Address_in_another_clients_hands_is_refused()
    {
        var taken = Lease(1);
        var answer = Answer(Asked.From(2, Asks) with { RequestedAddress = taken, ServerIdentifier = Asked.Server });
        Assert.Equal(DhcpMessageType.Nak, answer.Reply!.MessageType);
        Assert.Null(answer.Store);
    }

    [Fact]
    public void Renewal_names_its_address_in_ciaddr_and_gets_a_later_end()
    {
        var address = Lease(1);
        var later = Asked.Noon.AddMinutes(30);
        var answer = Answer(Asked.From(1, Asks) with { ClientAddress = address }, later);
        Assert.Equal((DhcpMessageType.Ack, later.AddHours(1)), (answer.Reply!.MessageType, answer.Store!.Expires));
    }

    [Fact]
    public void Reservation_gets_its_address_and_its_name_and_no_other()
    {
        var reserved = Asked.Request(Discover) with { Mac = MacAddress.Parse("52:54:00:00:00:aa") };
        var offer = Answer(reserved).Reply!;
        Assert.Equal(("10.1.0.7", "cp1"), (Asked.Text(offer.YourAddress), offer.HostName));
        var other = Answer(reserved with { MessageType = Asks, RequestedAddress = Asked.Number("10.1.0.100"), ServerIdentifier = Asked.Server });
        Assert.Equal(DhcpMessageType.Nak, other.Reply!.MessageType);
    }

    [Fact]
    public void Exhausted_range_is_silence_until_a_lease_ends()
    {
        for (var machine = 1; machine <= 4; machine++)
            Lease(machine);
        Assert.Equal("pool-exhausted", Answer(Asked.From(5, Discover)).Reason);
        Assert.NotNull(Answer(Asked.From(5, Discover), Asked.Noon.AddHours(2)).Reply);
    }

    [Fact]
    public void Release_frees_the_address_and_is_stored_and_the_client_gets_it_again()
    {
        var address = Lease(1);
        var released = Answer(Asked.From(1, DhcpMessageType.Release) with { ClientAddress = address, ServerIdentifier = Asked.Server });
        Assert.Equal((null, Asked.Noon), (released.Reply, released.Store!.Expires));
        Assert.Equal(address, Answer(Asked.From(1, Discover)).Reply!.YourAddress);
    }

    [Fact]
    public void Declined_address_rests_ten_minutes()
    {
        var address = Lease(1);
        var declined = Answer(Asked.From(1, DhcpMessageType.Decline) with { RequestedAddress = address, ServerIdentifier = Asked.Server });
        Assert.Equal((null, "declined"), (declined.Reply, declined.Reason));
        Assert.True(declined.Store!.Declined);
        Assert.NotEqual(address, Answer(Asked.From(1, Discover) with { RequestedAddress = address }).Reply!.YourAddress);
        var wish = Asked.From(2, Discover) with { RequestedAddress = address };
        Assert.Equal(address, Answer(wish, Asked.Noon.AddMinutes(11)).Reply!.YourAddress);
    }

    [Theory]
    [InlineData(DhcpMessageType.Release, "release-of-unknown-lease")]
    [InlineData(DhcpMessageType.Decline, "decline-of-unknown-lease")]
    public void Strangers_free_no_address(DhcpMessageType type, string reason)
    {
        var address = Lease(1);
        var answer = Answer(Asked.From(2, type) with
        {
            ClientAddress = address, RequestedAddress = address, ServerIdentifier = Asked.Server,
        });
        Assert.Equal((null, null, reason), (answer.Reply, answer.Store, answer.Reason));
    }

    [Fact]
    public void Inform_is_told_the_network_and_no_times()
    {
        var inform = Asked.Request(DhcpMessageType.Inform) with { ClientAddress = Asked.Number("10.1.0.50") };
        var bytes = Asked.WrittenBytes(Answer(inform).Reply!, inform);
        Assert.Equal([255, 255, 255, 0], Asked.Option(bytes, 1)!);
        Assert.Null(Asked.Option(bytes, 51));
        Assert.Equal("0.0.0.0", DhcpServerMessage.Read(bytes)!.YourAddress.ToString());
    }

    [Fact]
    public void Relay_of_an_unknown_network_is_silence() =>
        Assert.Equal("no-subnet", Answer(Asked.Request(Discover) with { SubnetAddress = Asked.Number("10.2.0.1") }).Reason);

    [Theory]
    [InlineData(DhcpMessageType.Offer)]
    [InlineData(DhcpMessageType.Ack)]
    [InlineData(DhcpMessageType.Nak)]
    public void Messages_of_servers_are_silence(DhcpMessageType type) =>
        Assert.Equal("not-for-servers", Answer(Asked.Request(type)).Reason);

    [Fact]
    public void Identifier_that_a_relay_asks_for_is_shown_and_accepted()
    {
        var relay = Asked.Number("10.1.0.253");
        var discover = Asked.Request(Discover) with { ServerIdentifierOverride = relay };
        var offer = Answer(discover).Reply!;
        Assert.Equal(relay, offer.ServerIdentifier);
        var request = discover with { MessageType = Asks, RequestedAddress = offer.YourAddress, ServerIdentifier = relay };
        Assert.Equal(DhcpMessageType.Ack, Answer(request).Reply!.MessageType);
    }

    private DhcpAnswer Answer(DhcpRequest request, DateTimeOffset? now = null) =>
        new DhcpServer(leases, authoritative: false).Answer(request, null, "", now ?? Asked.Noon);

    private uint Lease(int machine)
    {
        var address = Answer(Asked.From(machine, Discover)).Reply!.YourAddress;
        var ack = Answer(Asked.From(machine, Asks) with { RequestedAddress = address, ServerIdentifier = Asked.Server });
        Assert.Equal(DhcpMessageType.Ack, ack.Reply!.MessageType);
        return address;
    }
}
