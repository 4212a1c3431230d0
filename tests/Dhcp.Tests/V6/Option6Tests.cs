using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Dhcp.Tests.V6;

public sealed class Option6Tests
{
    private static readonly Dhcp6Subnet Subnet = new(Wire6.Ip("fd00:77::"), 64,
        [(Wire6.Ip("fd00:77::100"), Wire6.Ip("fd00:77::103"))], TimeSpan.FromHours(1))
    {
        Options = OptionSet.Of([Text(24, "subnet"), Text(300, "subnet")]),
    };

    [Fact]
    public void A_nodes_options_outrank_its_classes_the_subnets_and_everybodys()
    {
        OptionClass[] classes =
        [
            new("PXEClient", 7, "", OptionSet.Of([Text(301, "class"), Text(302, "class")])),
            new("HTTPClient", null, "", OptionSet.Of([Text(304, "never")])),
        ];
        var everybody = OptionSet.Of([.. new[] { 24, 300, 301, 302, 303 }.Select(code => Text((ushort)code, "all"))]);
        var own = new Reservation<UInt128>(Wire6.Mac, Wire6.Ip("fd00:77::5")) { Options = OptionSet.Of([Text(302, "node")]) };

        var told = Told(new(everybody, classes), own, Wire6.Firmware(Dhcp6MessageType.Solicit, 7, Wire6.Association(1)), asked: null);

        Assert.Equal("24:subnet 300:subnet 301:class 302:node 303:all", told);
    }

    [Theory]
    [InlineData("", 7, "", true)]
    [InlineData("PXEClient:Arch:00007", null, "", true)]
    [InlineData("HTTPClient", null, "", false)]
    [InlineData("PXEClient", 16, "", false)]
    [InlineData("", null, "65746831", true)]
    [InlineData("", null, "65746832", false)]
    public void A_class_takes_the_clients_that_all_its_signs_fit(string vendorClass, int? architecture, string port, bool fits)
    {
        var policy = new OptionPolicy(OptionSet.Empty, [new(vendorClass, architecture, port, OptionSet.Of([Text(400, "x")]))]);
        var inner = Wire6.Firmware(Dhcp6MessageType.Solicit, 7);

        var told = Told(policy, null, Wire6.Relayed(0, "fd00:77::9", "fe80::1", inner, Wire6.Option(18, [.. "eth1"u8])), asked: [400]);

        Assert.Equal(fits ? "400:x" : "", told);
    }

    [Fact]
    public void A_client_gets_what_it_asked_for_in_its_order_and_what_must_always_go()
    {
        var policy = new OptionPolicy(OptionSet.Of([Text(23, "dns"), Text(56, "not"), Text(400, "forced") with { Always = true }]), []);

        Assert.Equal("24:subnet 23:dns 400:forced",
            Told(policy, null, Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, 0, 9, 9)), asked: [24, 23]));
    }

    [Fact]
    public void What_does_not_fit_into_a_datagram_that_passes_every_link_is_left_out_whole()
    {
        var large = OptionSet.Of([new(401, new byte[600]), new(402, new byte[600]), Text(403, "small")]);
        var request = Wire6.Request(Wire6.Relayed(0, "fd00:77::9", "fe80::1",
            Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, 0, 9, 9))));

        var bytes = Server(new(large, []), null).Answer(request, null, "", DateTimeOffset.UnixEpoch).Reply!.Write(request);
        var message = Dhcp6Options.Find(bytes.AsSpan(34), Dhcp6Option.RelayMessage)!;

        Assert.InRange(bytes.Length, 600, 1232);
        Assert.NotNull(Dhcp6Options.Find(message.AsSpan(4), (Dhcp6Option)401));
        Assert.Null(Dhcp6Options.Find(message.AsSpan(4), (Dhcp6Option)402));
        Assert.NotNull(Dhcp6Options.Find(message.AsSpan(4), (Dhcp6Option)403));
    }

    /// <summary>RFC 4704 4.2: without a dot it is the beginning of a name, which nothing ends.</summary>
    [Theory]
    [InlineData("n1", "04026e31")]
    [InlineData("n1.rack", "04026e31047261636b00")]
    public void The_host_name_goes_to_who_asks_for_it(string name, string expected)
    {
        var request = Wire6.Request(Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, 0, 9, 9), Wire6.Option(6, 0, 39)));
        var other = Wire6.Request(Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, 0, 9, 9), Wire6.Option(6, 0, 23)));
        var reply = Server(OptionPolicy.None, null).Answer(request, null, name, DateTimeOffset.UnixEpoch).Reply!;

        Assert.Equal(expected, Convert.ToHexStringLower(Dhcp6Options.Find(reply.Write(request).AsSpan(4), Dhcp6Option.FullName)!));
        Assert.Null(Dhcp6Options.Find(reply.Write(other).AsSpan(4), Dhcp6Option.FullName));
    }

    [Theory]
    [InlineData(Dhcp6MessageType.Confirm)]
    [InlineData(Dhcp6MessageType.Release)]
    [InlineData(Dhcp6MessageType.Decline)]
    public void Whoever_only_tells_us_something_is_told_no_settings(Dhcp6MessageType type)
    {
        var datagram = Wire6.Firmware(type, 7, [Wire6.Association(1, "fd00:77::100"),
            .. type == Dhcp6MessageType.Confirm ? [] : new[] { Wire6.Option(2, Wire6.ServerId) }]);

        Assert.Equal("", Told(OptionPolicy.None, null, datagram, asked: null));
    }

    [Fact]
    public void Values_stand_as_their_rfcs_have_them()
    {
        var address = Wire6.Ip("fd00::5");

        Assert.Equal("00010010fd000000000000000000000000000005", Convert.ToHexStringLower(Dhcp6Format.NtpServers([address])));
        // Names are never shortened in this version (RFC 8415 10).
        Assert.Equal("01610162000163016200", Convert.ToHexStringLower(Dhcp6Format.Names(["a.b", "c.b"])));
    }

    private static OptionValue Text(ushort code, string text) => new(code, System.Text.Encoding.ASCII.GetBytes(text));

    private static Dhcp6Server Server(OptionPolicy policy, Reservation<UInt128>? own) =>
        new(new([Subnet], own is null ? [] : [own]), Wire6.ServerId, policy);

    // The operator's options of the answer, as they were written.
    private static string Told(OptionPolicy policy, Reservation<UInt128>? own, byte[] datagram, ushort[]? asked)
    {
        var request = Wire6.Request(datagram) with { OptionRequest = asked };
        var options = Server(policy, own).Answer(request, null, "", DateTimeOffset.UnixEpoch).Reply!.Options.Asked(asked);
        return string.Join(' ', options.Select(o => $"{o.Code}:{System.Text.Encoding.ASCII.GetString(o.Bytes)}"));
    }
}
