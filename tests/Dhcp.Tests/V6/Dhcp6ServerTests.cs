using System.Text;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Dhcp.Tests.V6;

public sealed class Dhcp6ServerTests
{
    private const string Url = "tftp://[fd00:77::1]/b/abc/snponly.efi";

    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private static readonly Dhcp6Subnet Local = new(Wire6.Ip("fd00:77::"), 64, [(Wire6.Ip("fd00:77::100"),
        Wire6.Ip("fd00:77::103"))], TimeSpan.FromHours(1))
    {
        Options = OptionSet.Of([new(23, Dhcp6Format.Addresses([Wire6.Ip("fd00::53")]), Always: true)]),
    };

    private static readonly Dhcp6Subnet Far = new(Wire6.Ip("fd00:78::"), 64, [(Wire6.Ip("fd00:78::100"),
        Wire6.Ip("fd00:78::100"))], TimeSpan.FromHours(1));

    private readonly Lease6Table leases = new([Local, Far], []);
    private readonly Dhcp6Server server;

    public Dhcp6ServerTests() => server = new(leases, Wire6.ServerId);

    [Fact]
    public void A_firmware_gets_an_address_and_a_url_and_the_same_address_again()
    {
        var offered = Ask(Wire6.Firmware(Dhcp6MessageType.Solicit, 7, Wire6.Association(1)));
        var address = Given(offered);
        var leased = Ask(Request(Wire6.Firmware(Dhcp6MessageType.Request, 7, Wire6.Association(1, Text(address)), Us)));
        var again = Ask(Wire6.Firmware(Dhcp6MessageType.Solicit, 7, Wire6.Association(99)), at: Start.AddDays(3));

        Assert.Equal((Dhcp6MessageType.Advertise, 0), (offered.Reply!.Type, offered.Store.Count));
        Assert.Equal((Dhcp6MessageType.Reply, Url), (leased.Reply!.Type, leased.Reply.BootUrl));
        var lease = new Lease6(address, Wire6.Mac.ToString(), Start.AddHours(1))
        { Duid = Convert.ToHexStringLower(Wire6.FirmwareId), Association = 1 };
        Assert.Equal(lease, Assert.Single(leased.Store));
        Assert.Equal((address, address), (Given(leased), Given(again)));
    }

    [Fact]
    public void Clients_that_somebody_invents_fill_no_memory_without_end_and_keep_no_machine_away_for_long()
    {
        var wide = new Dhcp6Subnet(Wire6.Ip("fd00:79::"), 64, [(Wire6.Ip("fd00:79::1:0"), Wire6.Ip("fd00:79::ff:ffff"))], TimeSpan.FromHours(1));
        var table = new Lease6Table([wide], []);
        for (var i = 0; i < 70_000; i++)
            table.Offer(new($"{i:x}", wide, null), 0, Start);
        var full = (table.Count, table.Offer(new("a machine", wide, null), 0, Start));
        var reserved = new Dhcp6Claim("known", wide, new(null, Wire6.Ip("fd00:79::5")));

        Assert.Equal((1 << 16, null), full);
        Assert.Equal(reserved.Own!.Address, table.Offer(reserved, 0, Start));
        Assert.NotNull(table.Offer(new("a machine", wide, null), 0, Start.AddMinutes(2)));
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void The_bytes_of_a_reply_are_those_of_the_rfc()
    {
        var request = Request(Wire6.Firmware(Dhcp6MessageType.Request, 16, Wire6.Association(7, "fd00:77::100"), Us));
        var bytes = server.Answer(Wire6.Request(request), "http://[fd00:77::1]/x.efi", "", Start).Reply!.Write(Wire6.Request(request));

        Assert.Equal("070a0b0c", Convert.ToHexStringLower(bytes[..4]));
        Assert.Equal(string.Join(' ',
            "1:" + Convert.ToHexStringLower(Wire6.FirmwareId), "2:" + Convert.ToHexStringLower(Wire6.ServerId),
            "3:[5:fd00007700000000000000000000010000000e1000000e10]",
            "59:" + Convert.ToHexStringLower(Encoding.ASCII.GetBytes("http://[fd00:77::1]/x.efi")),
            "16:00000157000a" + Convert.ToHexStringLower("HTTPClient"u8), "23:fd000000000000000000000000000053"),
                Wire6.Options(bytes.AsSpan(4)));
    }

    [Fact]
    public void An_answer_goes_back_through_its_relays_and_is_of_their_link()
    {
        var inner = Wire6.Relayed(0, "fd00:78::1", "fe80::5054:ff:fe12:3456", Wire6.Firmware(Dhcp6MessageType.Solicit, 7,
            Wire6.Association(1)), Wire6.Option(18, 1, 2));
        var request = Wire6.Request(Wire6.Relayed(1, "::", "fd00:78::1", inner), Wire6.Ip("fd00:77::9"));
        var answer = server.Answer(request, Url, "", Start);
        var outer = answer.Reply!.Write(request);
        var wrapped = Dhcp6Options.Find(outer.AsSpan(34), Dhcp6Option.RelayMessage)!;
        var message = Dhcp6Options.Find(wrapped.AsSpan(34), Dhcp6Option.RelayMessage)!;

        Assert.Equal(Wire6.Ip("fd00:78::100"), Given(answer));
        Assert.Equal((13, 1, 13, 0, 2), (outer[0], outer[1], wrapped[0], wrapped[1], message[0]));
        Assert.Equal([1, 2], Dhcp6Options.Find(wrapped.AsSpan(34), Dhcp6Option.InterfaceId));
        Assert.Null(Dhcp6Options.Find(outer.AsSpan(34), Dhcp6Option.InterfaceId));
    }

    [Fact]
    public void Rapid_commit_is_a_lease_at_once()
    {
        var answer = Ask(Wire6.Firmware(Dhcp6MessageType.Solicit, 7, Wire6.Association(1), Wire6.Option(14)));

        Assert.Equal((Dhcp6MessageType.Reply, true, 1), (answer.Reply!.Type, answer.Reply.RapidCommit, answer.Store.Count));
    }

    [Fact]
    public void A_full_pool_is_said_and_ends_with_a_lease()
    {
        for (var last = 1; last <= 4; last++)
            Lease(last);
        Assert.Equal(4, leases.StoredAfter(Start).Select(lease => lease.Address).Distinct().Count());
        var full = Ask(Machine(5, Dhcp6MessageType.Solicit));
        var later = Ask(Machine(5, Dhcp6MessageType.Solicit), at: Start.AddHours(2));

        Assert.Equal((Dhcp6Status.NoAddressesAvailable, "pool-exhausted"), (full.Reply!.Bindings[0].Status, full.Reason));
        Assert.NotNull(later.Reply!.Bindings[0].Address);
    }

    [Fact]
    public void Renewing_makes_it_last_and_what_is_not_ours_is_taken_away()
    {
        var address = Lease(1);
        var renewed = Ask(Machine(1, Dhcp6MessageType.Renew, Text(address), "fd00:99::1"), at: Start.AddMinutes(30));
        var strange = Ask(Machine(2, Dhcp6MessageType.Renew, Text(address)));

        Assert.Equal(Start.AddMinutes(90), Assert.Single(renewed.Store).Expires);
        Assert.Equal([Wire6.Ip("fd00:99::1")], renewed.Reply!.Bindings[0].Withdrawn);
        Assert.Equal(Dhcp6Status.NoBinding, strange.Reply!.Bindings[0].Status);
    }

    [Fact]
    public void Rebinding_speaks_to_all_servers_and_survives_a_lost_table()
    {
        var lost = Ask(Machine(1, Dhcp6MessageType.Rebind, "fd00:77::102"));
        var far = Ask(Machine(1, Dhcp6MessageType.Rebind, "fd00:99::1"));

        Assert.Equal(Wire6.Ip("fd00:77::102"), Given(lost));
        Assert.Equal(Dhcp6Status.NoBinding, far.Reply!.Bindings[0].Status);
    }

    [Theory]
    [InlineData("fd00:77::5", Dhcp6Status.Success)]
    [InlineData("fd00:99::5", Dhcp6Status.NotOnLink)]
    public void Confirming_asks_whether_the_link_is_still_the_same(string address, Dhcp6Status status) =>
        Assert.Equal(status, Ask(Machine(1, Dhcp6MessageType.Confirm, address)).Reply!.Status);

    [Fact]
    public void A_released_address_is_free_for_others_and_first_for_its_former_owner()
    {
        var address = Lease(1);
        var released = Ask(Machine(1, Dhcp6MessageType.Release, Text(address)));
        var twice = Ask(Machine(1, Dhcp6MessageType.Release, Text(address)));
        var again = Ask(Machine(1, Dhcp6MessageType.Solicit));

        Assert.Equal((Start, Dhcp6Status.Success), (Assert.Single(released.Store).Expires, released.Reply!.Status));
        Assert.Equal((0, Dhcp6Status.NoBinding), (twice.Store.Count, twice.Reply!.Bindings[0].Status));
        Assert.Equal(address, Given(again));
    }

    [Fact]
    public void A_declined_address_rests()
    {
        var address = Lease(1);
        var declined = Ask(Machine(1, Dhcp6MessageType.Decline, Text(address)));
        var again = Ask(Machine(1, Dhcp6MessageType.Solicit));

        Assert.Equal((true, "declined"), (Assert.Single(declined.Store).Declined, declined.Reason));
        Assert.NotEqual(address, Given(again));
    }

    [Fact]
    public void Somebody_else_s_messages_and_those_against_the_rules_get_silence()
    {
        Assert.Equal("chose-another-server", Ask(Wire6.Firmware(Dhcp6MessageType.Request, 7, Wire6.Association(1),
            Wire6.Option(2, 0, 9))).Reason);
        Assert.Equal("no-server-id", Ask(Wire6.Firmware(Dhcp6MessageType.Request, 7, Wire6.Association(1))).Reason);
        Assert.Equal("server-id-where-none-belongs", Ask(Request(Wire6.Firmware(Dhcp6MessageType.Solicit, 7, Us))).Reason);
        Assert.Equal("nothing-to-confirm", Ask(Wire6.Firmware(Dhcp6MessageType.Confirm, 7)).Reason);
        var relayed = Wire6.Relayed(0, "fd00:99::1", "fe80::1", Wire6.Firmware(Dhcp6MessageType.Solicit, 7));
        Assert.Equal("no-subnet", Ask(relayed).Reason);
    }

    [Fact]
    public void Whoever_only_asks_is_told_and_gets_no_address()
    {
        var answer = Ask(Wire6.Firmware(Dhcp6MessageType.InformationRequest, 7));

        Assert.Equal((Dhcp6MessageType.Reply, Url, 0, 0), (answer.Reply!.Type, answer.Reply.BootUrl,
            answer.Reply.Bindings.Count, answer.Store.Count));
    }

    [Fact]
    public void Leases_are_found_again_after_a_restart()
    {
        var address = Lease(1);
        var after = new Lease6Table([Local, Far], []);
        foreach (var lease in leases.StoredAfter(Start))
            after.Restore(lease);
        var other = new Dhcp6Server(after, Wire6.ServerId).Answer(Wire6.Request(Machine(2, Dhcp6MessageType.Rebind,
            Text(address)), 0), Url, "", Start);
        var same = new Dhcp6Server(after, Wire6.ServerId).Answer(Wire6.Request(Machine(1, Dhcp6MessageType.Solicit), 0), Url, "", Start);

        Assert.Equal(Dhcp6Status.NoBinding, other.Reply!.Bindings[0].Status);
        Assert.Equal(address, Given(same));
    }

    private static byte[] Us => Wire6.Option(2, Wire6.ServerId);

    private static byte[] Request(byte[] datagram) => datagram;

    private static string Text(UInt128 address) => Ipv6.ToAddress(address).ToString();

    private static UInt128 Given(Dhcp6Answer answer) => answer.Reply!.Bindings[0].Address!.Value;

    // A system's client, with a DUID of its card.
    private static byte[] Machine(int last, Dhcp6MessageType type, params string[] addresses)
    {
        var names = type is Dhcp6MessageType.Request or Dhcp6MessageType.Renew or Dhcp6MessageType.Release or Dhcp6MessageType.Decline;
        return Wire6.Message(type, [Wire6.Option(1, 0, 3, 0, 1, 2, 0, 0, 0, 0, (byte)last), Wire6.Association(1,
            addresses), .. names ? new[] { Us } : []]);
    }

    private UInt128 Lease(int last)
    {
        var address = Given(Ask(Machine(last, Dhcp6MessageType.Solicit)));
        return Given(Ask(Machine(last, Dhcp6MessageType.Request, Text(address))));
    }

    // Firmware's link-local address is made of its card's; a system's is not.
    private Dhcp6Answer Ask(byte[] datagram, DateTimeOffset? at = null) => server.Answer(
        Wire6.Request(datagram, datagram[9] == 3 ? Wire6.Ip("fe80::1") : Wire6.LinkLocal), Url, "", at ?? Start);
}
