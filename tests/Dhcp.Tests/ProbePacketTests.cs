using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>ARP, echo and UDP as they stand on the wire.</summary>
public sealed class ProbePacketTests
{
    // 10.1.0.100 is at 52:54:00:12:34:56, says an answer to 10.1.0.1 at 02:00:00:00:00:01.
    private static readonly byte[] ArpAnswer = Convert.FromHexString("00010800060400025254001234560a0100640200000000010a010001");

    // An echo reply of 10.1.0.100, identifier 0x1234, number 7, with its IP header, as a raw socket hands it over.
    private static readonly byte[] EchoAnswer = Convert.FromHexString("4500001c00010000400166790a0100640a0100010000edc412340007");

    // UDP from 10.1.0.2 port 67 to port 68, with five bytes.
    private static readonly byte[] Datagram = Convert.FromHexString("4500002100010000401100000a010002ffffffff00430044000d00000102030405");

    [Fact]
    public void A_probe_names_the_address_and_where_the_answer_goes()
    {
        var packet = new byte[ArpPacket.Length];
        ArpPacket.WriteProbe(packet, MacAddress.Parse("02:00:00:00:00:01"), Wire.Ip("10.1.0.100"));

        Assert.Equal("0001080006040001020000000001000000000000000000000a010064", Convert.ToHexStringLower(packet));
    }

    [Fact]
    public void An_answer_names_the_card_at_an_address()
    {
        Assert.True(ArpPacket.TryReadSender(ArpAnswer, out var card, out var address));
        Assert.Equal((MacAddress.Parse("52:54:00:12:34:56"), Wire.Ip("10.1.0.100")), (card, address));
    }

    [Fact]
    public void An_address_that_is_only_probed_for_is_nobodys()
    {
        byte[] probe = [.. ArpAnswer[..6], 0, 1, .. ArpAnswer[8..14], 0, 0, 0, 0, .. ArpAnswer[18..]];
        Assert.False(ArpPacket.TryReadSender(probe, out _, out _));
    }

    [Fact]
    public void An_echo_has_the_checksum_that_hosts_ask_for()
    {
        var packet = new byte[EchoPacket.Length];
        EchoPacket.WriteQuestion(packet, 0xfffe, 0xffff);

        var sum = Enumerable.Range(0, 4).Sum(i => (packet[2 * i] << 8) | packet[(2 * i) + 1]);
        Assert.Equal(0xffff, (sum & 0xffff) + (sum >> 16)); // RFC 1071
    }

    [Fact]
    public void An_echo_is_ours_by_its_identifier()
    {
        Assert.True(EchoPacket.TryReadAnswer(EchoAnswer, 0x1234, out var address));
        Assert.Equal(Wire.Ip("10.1.0.100"), address);
        Assert.False(EchoPacket.TryReadAnswer(EchoAnswer, 0x1235, out _));
        Assert.False(EchoPacket.TryReadAnswer([.. EchoAnswer[..20], 8, .. EchoAnswer[21..]], 0x1234, out _));
    }

    [Fact]
    public void A_datagram_is_unwrapped()
    {
        Assert.True(UdpDatagram.TryWrap(Datagram, out var datagram));
        Assert.Equal(("0a010002", (ushort)68), (Convert.ToHexStringLower(datagram.Source), datagram.DestinationPort));
        Assert.Equal([1, 2, 3, 4, 5], datagram.Payload.ToArray());
    }

    [Fact]
    public void A_fragment_and_another_protocol_are_no_datagrams()
    {
        Assert.False(UdpDatagram.TryWrap([.. Datagram[..6], 0x20, 0, .. Datagram[8..]], out _));
        Assert.False(UdpDatagram.TryWrap([.. Datagram[..9], 6, .. Datagram[10..]], out _));
    }

    [Fact]
    public void Any_prefix_and_any_flipped_bit_is_read_without_harm()
    {
        foreach (var whole in new[] { ArpAnswer, EchoAnswer, Datagram })
        {
            for (var length = 0; length < whole.Length; length++)
            {
                Assert.False(ArpPacket.TryReadSender(whole.AsSpan(0, length), out _, out _) && length < ArpPacket.Length);
                EchoPacket.TryReadAnswer(whole.AsSpan(0, length), 0x1234, out _);
                Assert.False(UdpDatagram.TryWrap(whole.AsSpan(0, length), out var cut) && cut.Payload.Length > length - 28);
            }
            for (var bit = 0; bit < whole.Length * 8; bit++)
            {
                var flipped = whole.ToArray();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                ArpPacket.TryReadSender(flipped, out _, out _);
                EchoPacket.TryReadAnswer(flipped, 0x1234, out _);
                Assert.False(UdpDatagram.TryWrap(flipped, out var odd) && odd.Payload.Length > flipped.Length - 28);
            }
        }
    }
}
