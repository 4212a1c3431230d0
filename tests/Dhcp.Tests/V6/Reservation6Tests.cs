using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests.V6;

public sealed class Reservation6Tests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private static readonly MacAddress Other = MacAddress.Parse("52:54:00:00:00:99");
    private static readonly UInt128 Outside = Wire6.Ip("fd00:77::10");
    private static readonly UInt128 Inside = Wire6.Ip("fd00:77::101");

    private static readonly Dhcp6Subnet Subnet = new(Wire6.Ip("fd00:77::"), 64, [(Wire6.Ip("fd00:77::"), Wire6.Ip("fd00:77::1")),
        (Wire6.Ip("fd00:77::100"), Wire6.Ip("fd00:77::102"))], TimeSpan.FromHours(1))
    {
        ServerAddress = Wire6.Ip("fd00:77::1"),
    };

    private readonly Lease6Table leases;
    private readonly Dhcp6Server server;

    public Reservation6Tests() => (leases, server) = Of(new(Wire6.Mac, Outside, "head"), new(Other, Inside));

    /// <summary>The key, and what a machine sends that is known by it.</summary>
    public static TheoryData<string> Signs => new("mac", "uuid", "duid", "port");

    [Theory]
    [MemberData(nameof(Signs))]
    public void A_machine_gets_its_address_and_name_by(string sign)
    {
        Assert.True(MachineUuid.TryParse("11223344-5566-7788-99aa-bbccddeeff00", out var uuid));
        var reserved = new Reservation<UInt128>(sign == "mac" ? Wire6.Mac : null, Outside, "head") with
        {
            Uuid = sign == "uuid" ? uuid : null,
            ClientIdentifier = sign == "duid" ? Convert.ToHexStringLower(Wire6.FirmwareId) : "",
            CircuitId = sign == "port" ? "65746831" : "",
        };
        var (_, own) = Of(reserved);
        var inner = Wire6.Firmware(Dhcp6MessageType.Solicit, 7, Wire6.Association(1));
        var relayed = Wire6.Relayed(0, "fd00:77::9", Ipv6.ToAddress(Wire6.LinkLocal).ToString(), inner, Wire6.Option(18, [.. "eth1"u8]));

        var offer = own.Answer(Wire6.Request(relayed), null, "", Start).Reply!;

        Assert.Equal((Outside, "head"), (Assert.Single(offer.Bindings).Address, offer.HostName));
    }

    [Fact]
    public void A_sign_that_only_firmware_shows_is_remembered_by_the_lease()
    {
        Assert.True(MachineUuid.TryParse("11223344-5566-7788-99aa-bbccddeeff00", out var uuid));
        var (table, own) = Of(new Reservation<UInt128>(null, Outside, "head") { Uuid = uuid });
        own.Answer(Wire6.Request(Wire6.Firmware(Dhcp6MessageType.Solicit, 7, Wire6.Association(1), Wire6.Option(14))), null, "", Start);

        var system = own.Answer(Wire6.Request(Machine(Dhcp6MessageType.Solicit, Wire6.Mac)), null, "", Start).Reply!;

        Assert.Equal((Outside, "head"), (system.Bindings[0].Address, system.HostName));
        Assert.Equal(Outside, Assert.Single(table.List(Start)).Address);
    }

    [Fact]
    public void The_name_that_the_coordinator_gave_outranks_the_reservations() =>
        Assert.Equal("cp-1", server.Answer(Wire6.Request(Machine(Dhcp6MessageType.Solicit, Wire6.Mac)),
            null, "cp-1", Start).Reply!.HostName);

    [Fact]
    public void Nobody_else_gets_a_reserved_address_ours_or_the_routers()
    {
        var given = Enumerable.Range(1, 3).Select(i => Lease(MacAddress.Parse($"52:54:00:00:01:0{i}"))).ToArray();
        var wished = Ask(Machine(Dhcp6MessageType.Rebind, MacAddress.Parse("52:54:00:00:01:09"), Inside));

        Assert.Equal(new UInt128?[] { null, Wire6.Ip("fd00:77::100"), Wire6.Ip("fd00:77::102") }, given.Order());
        Assert.Equal(Dhcp6Status.NoBinding, wished.Bindings[0].Status);
    }

    [Fact]
    public void A_machine_that_renews_another_address_is_given_its_own_and_loses_the_other()
    {
        var table = leases;
        var former = Wire6.Ip("fd00:77::100"); // Leased before the reservation was written into the configuration.
        table.Restore(new(former, Wire6.Mac.ToString(), Start.AddMinutes(30)));

        var answer = server.Answer(Wire6.Request(Machine(Dhcp6MessageType.Renew, Wire6.Mac, former)), null, "", Start);

        Assert.Equal((Outside, former), (answer.Reply!.Bindings[0].Address, Assert.Single(answer.Reply.Bindings[0].Withdrawn)));
        Assert.Equal([(former, Start), (Outside, Start.AddHours(1))], answer.Store.Select(lease => (lease.Address, lease.Expires)));
        Assert.Equal(Outside, Assert.Single(table.List(Start)).Address);
    }

    [Fact]
    public void While_a_stranger_still_has_the_reserved_address_its_owner_gets_another()
    {
        leases.Restore(new(Outside, "52:54:00:00:01:07", Start.AddMinutes(5)));

        Assert.NotEqual(Outside, Lease(Wire6.Mac));
        Assert.Equal(Outside, Lease(Wire6.Mac, Start.AddMinutes(5)));
    }

    [Fact]
    public void A_reserved_address_that_was_declined_rests_until_its_time_is_over_or_an_operator_ends_it()
    {
        Lease(Wire6.Mac);
        Ask(Machine(Dhcp6MessageType.Decline, Wire6.Mac, Outside));
        Assert.True(Assert.Single(leases.List(Start)).Declined);
        Assert.NotEqual(Outside, Lease(Wire6.Mac));

        Assert.Equal((Outside, Start), (leases.Release(Outside, Start)!.Address, leases.At(Outside)!.Expires));
        Assert.Null(leases.Release(Outside, Start));
        Assert.Equal(Outside, Lease(Wire6.Mac));
    }

    [Fact]
    public void A_second_association_of_the_machine_gets_another_address()
    {
        var two = Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, Duid(Wire6.Mac)), Wire6.Association(1),
            Wire6.Association(2), Wire6.Option(14));

        var given = Ask(two).Bindings.Select(binding => binding.Address).ToArray();

        Assert.Equal(Outside, given[0]);
        Assert.True(Subnet.Leases(given[1]!.Value));
    }

    private static (Lease6Table, Dhcp6Server) Of(params Reservation<UInt128>[] reservations)
    {
        var table = new Lease6Table([Subnet], reservations);
        return (table, new(table, Wire6.ServerId));
    }

    private static byte[] Duid(MacAddress mac)
    {
        var bytes = new byte[6];
        mac.WriteTo(bytes);
        return [0, 3, 0, 1, .. bytes];
    }

    // A system, whose link-local address says nothing of its card.
    private static byte[] Machine(Dhcp6MessageType type, MacAddress mac, params UInt128[] addresses)
    {
        var names = type is Dhcp6MessageType.Renew or Dhcp6MessageType.Decline;
        return Wire6.Message(type, [Wire6.Option(1, Duid(mac)),
            Wire6.Association(1, [.. addresses.Select(a => Ipv6.ToAddress(a).ToString())]),
            .. names ? new[] { Wire6.Option(2, Wire6.ServerId) } : []]);
    }

    private Dhcp6Reply Ask(byte[] datagram, DateTimeOffset? at = null) =>
        server.Answer(Wire6.Request(datagram, Wire6.Ip("fe80::1")), null, "", at ?? Start).Reply!;

    private UInt128? Lease(MacAddress mac, DateTimeOffset? at = null) =>
        Ask([.. Machine(Dhcp6MessageType.Solicit, mac), .. Wire6.Option(14)], at).Bindings[0].Address;
}
