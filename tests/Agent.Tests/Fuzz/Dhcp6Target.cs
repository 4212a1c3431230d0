using System.Net;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>A DHCPv6 datagram through everything that the agent does with it, but the sockets.</summary>
internal sealed class Dhcp6Target : IFuzzTarget
{
    // What a link carries whole, less the headers of IPv6 and UDP, and eight relays with an interface each.
    private const int LongestReply = 1232 + (8 * 300);

    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddYears(50);
    private static readonly UInt128 Ours = Ip("fd00:9::1");
    private static readonly UInt128 Peer = Ip("fe80::5054:ff:fe00:1");
    private static readonly byte[] ServerId = [0, 4, .. Enumerable.Range(1, 16).Select(i => (byte)i)];

    private readonly Lease6Table leases;
    private readonly Dhcp6Server server;
    private long turns;

    public Dhcp6Target()
    {
        var local = new Dhcp6Subnet(Ip("fd00:9::"), 64, [(Ours + 8, Ours + 98)], TimeSpan.FromHours(1))
        {
            ServerAddress = Ours,
            Options = OptionSet.Of([new(23, Dhcp6Format.Addresses([Ours])), new(24, Dhcp6Format.Names(["rack.example"]))]),
        };
        var far = new Dhcp6Subnet(Ip("fd00:10::"), 64, [(Ip("fd00:10::100"), Ip("fd00:10::108"))], TimeSpan.FromHours(1));
        leases = new([local, far], []);
        server = new(leases, ServerId);
    }

    public string Name => "dhcp6";

    public IReadOnlyList<byte[]> Samples { get; } = [.. Messages()];

    public void Run(byte[] input)
    {
        if (!Dhcp6Request.TryFrom(input, Peer, out var request, out var refusal))
        {
            FuzzFailure.Unless(refusal is { Length: > 0 }, "a datagram was refused without a reason");
            Dhcp6ServerMessage.Read(input);
            return;
        }
        var now = Start.AddSeconds(++turns / 100); // Leases run out now and then.
        foreach (var url in new[] { null, "http://[fd00:9::1]/boot/abcdefgh/script.ipxe" })
        {
            var answer = server.Answer(request, url, "n1", now);
            FuzzFailure.Unless(answer.Reply is not null || answer.Reason != "", "silence without a reason");
            // As the agent does when the log has them.
            foreach (var lease in answer.Store)
                FuzzFailure.Unless(leases.At(lease.Address) == lease, "what is to be stored is not what the table has");
            if (answer.Reply is not { } reply)
                continue;
            var written = reply.Write(request);
            FuzzFailure.Unless(written.Length is > 4 and <= LongestReply, $"an answer has {written.Length} bytes");
            var inner = request.Relays.Count > 0 ? Unwrapped(written) : written;
            FuzzFailure.Unless(Dhcp6ServerMessage.Read(inner) is not null, "an answer cannot be read");
        }
        FuzzFailure.Unless(leases.Count <= 100, $"100 addresses have {leases.Count} leases");
    }

    private static byte[] Unwrapped(byte[] reply)
    {
        while (reply is [(byte)Dhcp6MessageType.RelayReply, ..])
            reply = Dhcp6Options.Find(reply.AsSpan(34), Dhcp6Option.RelayMessage) ?? [];
        return reply;
    }

    // Of firmware, of iPXE and of systems, with and without an address, from the link and through relays.
    private static IEnumerable<byte[]> Messages()
    {
        var solicit = Dhcp6Solicitation.Write(MacAddress.Parse("52:54:00:00:00:01"), 7);
        byte[] us = Option(2, ServerId), held = Option(3, [0, 0, 0, 1, .. new byte[8], .. Option(5, [.. Bytes(Ours + 20), .. new byte[8]])]);
        byte[] ipxe = Option(15, [0, 4, .. "iPXE"u8]), rapid = Option(14, []), name = Option(39, [0, 1, (byte)'a', 0]);
        foreach (var type in Enumerable.Range(1, 11).Select(number => (byte)number))
        {
            byte[] bare = [type, .. solicit[1..]], full = [.. bare, .. us, .. held, .. name];
            foreach (var message in new byte[][] { bare, full, [.. bare, .. ipxe, .. rapid] })
            {
                yield return message;
                var near = Relayed(0, "fd00:10::1", message);
                yield return near;
                yield return Relayed(1, "::", near);
            }
        }
    }

    private static byte[] Relayed(byte hops, string link, byte[] message) =>
        [12, hops, .. IPAddress.Parse(link).GetAddressBytes(), .. Bytes(Peer), .. Option(18, [1, 2, 3]), .. Option(9, message)];

    private static byte[] Option(byte code, byte[] value) => [0, code, (byte)(value.Length >> 8), (byte)value.Length, .. value];

    private static byte[] Bytes(UInt128 address) => Ipv6.ToAddress(address).GetAddressBytes();

    private static UInt128 Ip(string text) => Ipv6.ToNumber(IPAddress.Parse(text));
}
