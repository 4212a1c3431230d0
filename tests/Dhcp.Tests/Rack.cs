using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>One agent with two networks: its own link, and one behind a relay.</summary>
internal sealed class Rack
{
    public static readonly BootReply Loader = new(Wire.Ip("10.1.0.1"), "b/abc/undionly.kpxe");

    private readonly DhcpServer server;

    public Rack(bool authoritative = false, string ranges = "10.1.0.100-10.1.0.102", params Reservation<uint>[] reservations)
        : this(authoritative, ranges, OptionPolicy.None, reservations)
    {
    }

    public Rack(OptionPolicy options, params Reservation<uint>[] reservations)
        : this(false, "10.1.0.100-10.1.0.102", options, reservations)
    {
    }

    private Rack(bool authoritative, string ranges, OptionPolicy options, Reservation<uint>[] reservations)
    {
        var own = new DhcpNetwork(Wire.Ip("10.1.0.0"), 24, TimeSpan.FromHours(1));
        var far = own with { Network = Wire.Ip("10.2.0.0") };
        var ends = ranges.Split('-');
        Leases = new(
            [
                new(own, [(Wire.Ip(ends[0]), Wire.Ip(ends[1]))], Wire.Ip("10.1.0.1")) { Options = Options("10.1.0.254") },
                new(far, [(Wire.Ip("10.2.0.100"), Wire.Ip("10.2.0.199"))], Wire.Ip("10.1.0.1")) { Options = Options("10.2.0.254") },
            ],
            reservations);
        server = new(Leases, authoritative, options);
    }

    public FakeTimeProvider Clock { get; } = new(new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public LeaseTable Leases { get; }

    public DhcpAnswer Ask(byte[] datagram, BootReply? boot = null, string hostName = "") =>
        server.Answer(Wire.Request(datagram), boot, hostName, Clock.GetUtcNow());

    /// <summary>DISCOVER and REQUEST of a plain client; the address that it has then.</summary>
    public uint Lease(Primitives.MacAddress mac)
    {
        var offer = Ask(Wire.Plain(1, new(Mac: mac))).Reply!;
        var answer = Ask(Selecting(new(Mac: mac), offer.YourAddress));
        Assert.Equal(DhcpMessageType.Ack, answer.Reply!.MessageType);
        return answer.Reply.YourAddress;
    }

    private static OptionSet Options(string router) => OptionSet.Of([
        new(DhcpOption.Routers, Wire.Bytes(router)),
        new(DhcpOption.DnsServers, Wire.Bytes("10.1.0.2")),
        new(DhcpOption.DomainName, "rack.test"u8.ToArray()),
        new(DhcpOption.NtpServers, Wire.Bytes("10.1.0.3")),
    ]);

    public static byte[] Selecting(Header header, uint address, string server = "10.1.0.1") => Wire.Plain(
        3, header, (50, Ipv4.ToAddress(address).GetAddressBytes()), (54, Wire.Bytes(server)));
}
