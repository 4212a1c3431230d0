using System.Text;

namespace Cozy.Fleet.Dhcp.Tests;

public sealed class OptionPolicyTests
{
    private static readonly (byte, byte[]) AsksForAll = (55, [1, 3, 6, 15, 42, 119, 121, 150, 249]);

    [Fact]
    public void A_nodes_options_outrank_its_classes_the_subnets_and_everybodys()
    {
        OptionValue[] all = [Text(15, "all"), Text(42, "all"), Text(150, "all"), Text(160, "all"), Text(161, "all")];
        OptionClass[] classes =
        [
            new("PXE", 7, "", OptionSet.Of([Text(15, "class"), Text(150, "class"), Text(160, "class")])),
            new("PXE", null, "", OptionSet.Of([Text(150, "later"), Text(161, "later")])),
            new("MSFT", null, "", OptionSet.Of([Text(162, "never")])),
        ];
        var rack = new Rack(
            new OptionPolicy(OptionSet.Of(all), classes),
            new Reservation<uint>(Wire.Mac, Wire.Ip("10.1.0.10")) { Options = OptionSet.Of([Text(150, "node")]) });

        var reply = Ask(rack, Wire.Firmware(1, 7, null, (55, [15, 42, 150, 160, 161, 162])));

        Assert.Equal("class node class later", string.Join(' ', new byte[] { 15, 150, 160, 161 }.Select(reply.TextOf)));
        Assert.Equal(Wire.Bytes("10.1.0.3"), reply[42]); // the subnet's own
        Assert.Null(reply[162]);
    }

    [Theory]
    [InlineData("", 7, "", true)]
    [InlineData("PXEClient:Arch:00007", null, "", true)]
    [InlineData("HTTPClient", null, "", false)]
    [InlineData("PXEClient", 0, "", false)]
    [InlineData("", null, "65746831", true)]
    [InlineData("", null, "65746832", false)]
    public void A_class_takes_the_clients_that_all_its_signs_fit(string vendorClass, int? architecture, string circuit, bool fits)
    {
        var options = new OptionPolicy(OptionSet.Empty, [new(vendorClass, architecture, circuit, OptionSet.Of([Text(150, "x")]))]);
        var rack = new Rack(options);

        var reply = Ask(rack, Wire.Firmware(1, 7, null, (55, [150]), (82, [1, 4, .. "eth1"u8])));

        Assert.Equal(fits ? "x" : "", reply.TextOf(150));
    }

    [Fact]
    public void A_client_gets_what_it_asked_for_in_its_order_and_what_must_always_go()
    {
        var rack = new Rack(new OptionPolicy(OptionSet.Of([Text(150, "asked"), Text(160, "not"), Text(208, "forced") with { Always = true }]), []));

        var reply = Ask(rack, Wire.Plain(1, null, (55, [150, 6])));

        Assert.Equal([53, 54, 1, 51, 58, 59, 150, 6, 208], reply.Options.Select(o => o.Code));
    }

    [Fact]
    public void A_client_without_a_list_gets_everything_and_one_that_asks_twice_gets_it_once()
    {
        var rack = new Rack(new OptionPolicy(OptionSet.Of([Text(150, "x")]), []));

        Assert.Equal([53, 54, 1, 51, 58, 59, 3, 6, 15, 42, 150], Ask(rack, Wire.Plain(1)).Options.Select(o => o.Code));
        Assert.Equal([53, 54, 1, 51, 58, 59, 150], Ask(rack, Wire.Plain(1, null, (55, [150, 150, 99]))).Options.Select(o => o.Code));
    }

    [Fact]
    public void The_host_name_goes_to_who_asks_for_it()
    {
        var rack = new Rack(reservations: [new(Wire.Mac, Wire.Ip("10.1.0.10"), "head")]);

        Assert.Equal("head", Ask(rack, Wire.Plain(1, null, (55, [12]))).TextOf(12));
        Assert.Null(Ask(rack, Wire.Plain(1, null, (55, [3])))[12]);
    }

    [Fact]
    public void What_a_boot_needs_stands_once_and_outranks_the_operators_vendor_options()
    {
        var rack = new Rack(new OptionPolicy(OptionSet.Of([new(43, [1, 1, 1], Always: true)]), []));

        Assert.Equal([6, 1, 8, 255], Ask(rack, Wire.Firmware(1, 7), Rack.Loader)[43]);
        Assert.Equal([1, 1, 1], Ask(rack, Wire.Plain(1))[43]);
    }

    [Theory]
    [InlineData("10.9.0.0/16 192.168.5.128/25", "100a090a010009 19c0a805800a010009 000a0100fe")]
    [InlineData("0.0.0.0/0", "000a010009")]
    public void Who_takes_routes_finds_the_default_route_among_them(string networks, string expected)
    {
        var routes = OptionFormat.Routes([.. networks.Split(' ').Select(n => System.Net.IPNetwork.Parse(n))
            .Select(n => new StaticRoute(Ipv4.ToNumber(n.BaseAddress), n.PrefixLength, Wire.Ip("10.1.0.9")))]);
        var rack = new Rack(new OptionPolicy(OptionSet.Of([new(121, routes), new(249, routes)]), []));

        var reply = Ask(rack, Wire.Plain(1, null, AsksForAll));

        var bytes = Convert.FromHexString(expected.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(bytes, reply[121]);
        Assert.Equal(bytes, reply[249]);
        Assert.Equal(Wire.Bytes("10.1.0.254"), reply[3]);
    }

    // The second example of RFC 3397 has the same shape: the common tail is written once.
    [Fact]
    public void A_search_list_points_back_to_what_it_said_already() => Assert.Equal(
        "03656e67 056170706c65 03636f6d 00 096d61726b6574696e67 c004 c004".Replace(" ", "", StringComparison.Ordinal),
        Convert.ToHexStringLower(OptionFormat.Names(["eng.apple.com", "marketing.apple.com", "Apple.com"])));

    [Theory]
    [InlineData(-3600, 4, "fffff1f0")]
    [InlineData(9000, 2, "2328")]
    [InlineData(uint.MaxValue, 4, "ffffffff")]
    public void Numbers_stand_in_network_order(long number, int size, string expected) =>
        Assert.Equal(expected, Convert.ToHexStringLower(OptionFormat.Number(number, size)));

    [Fact]
    public void No_router_of_the_subnet_is_leased()
    {
        var subnet = new DhcpSubnet(new(Wire.Ip("10.1.0.0"), 24, TimeSpan.FromHours(1)), [(Wire.Ip("10.1.0.5"), Wire.Ip("10.1.0.7"))], Wire.Ip("10.1.0.1"))
        {
            Options = OptionSet.Of([new(3, [.. Wire.Bytes("10.1.0.5"), .. Wire.Bytes("10.1.0.6")])]),
        };
        var leases = new LeaseTable([subnet], []);

        Assert.Equal(Wire.Ip("10.1.0.7"), leases.Offer(Wire.Request(Wire.Plain(1)), subnet, DateTimeOffset.UnixEpoch)!.Value.Address);
    }

    private static OptionValue Text(byte code, string text) => new(code, Encoding.ASCII.GetBytes(text));

    private static ReplyView Ask(Rack rack, byte[] datagram, BootReply? boot = null) => new(rack.Ask(datagram, boot).Reply!, Wire.Request(datagram));
}
