using System.Buffers.Binary;
using System.Net;
using System.Text;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>Builds datagrams option by option, as the captures of real clients have them, and reads replies back.</summary>
internal static class Wire
{
    public static readonly MacAddress Mac = MacAddress.Parse("52:54:00:12:34:56");

    // 11223344-5566-7788-99aa-bbccddeeff00 in SMBIOS order.
    public static readonly byte[] MachineId =
        [0, 0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88, 0x77, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00];

    public static uint Ip(string address) => Ipv4.ToNumber(IPAddress.Parse(address));

    public static byte[] Bytes(string address) => IPAddress.Parse(address).GetAddressBytes();

    public static (byte, byte[]) Text(byte code, string text) => (code, Encoding.ASCII.GetBytes(text));

    public static byte[] Packet(Header header, params (byte Code, byte[] Value)[] options)
    {
        var bytes = new byte[240];
        (bytes[0], bytes[1], bytes[2]) = (1, 1, 6);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), 0x01020304);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), header.Broadcast ? (ushort)0x8000 : (ushort)0);
        Bytes(header.Ciaddr).CopyTo(bytes, 12);
        Bytes(header.Giaddr).CopyTo(bytes, 24);
        (header.Mac ?? Mac).WriteTo(bytes.AsSpan(28));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(236), 0x63825363);
        return [.. bytes, .. options.SelectMany(o => (byte[])[o.Code, (byte)o.Value.Length, .. o.Value]), 255];
    }

    public static DhcpRequest Request(byte[] datagram)
    {
        Assert.True(DhcpPacket.TryWrap(datagram, out var packet, out var refusal), refusal);
        Assert.True(DhcpRequest.TryFrom(packet, out var request, out refusal), refusal);
        return request;
    }

    /// <summary>OVMF's PXE client: no client id, broadcast flag, 17 bytes of machine id.</summary>
    public static byte[] Firmware(byte type, ushort architecture, Header? header = null, params (byte, byte[])[] more) => Packet(
        header ?? new(Broadcast: true),
        [
            (53, [type]), (57, [0x05, 0xc0]), (55, [1, 2, 3, 4, 5, 6, 12, 13, 15, 43, 54, 60, 66, 67, 97]), (97, MachineId), (94, [1, 3, 0]),
            (93, [(byte)(architecture >> 8), (byte)architecture]), Text(60, $"PXEClient:Arch:{architecture:D5}:UNDI:003000"), .. more,
        ]);

    /// <summary>iPXE: raw user class, option 175, a client id, no broadcast flag.</summary>
    public static byte[] Ipxe(byte type, ushort architecture, params (byte, byte[])[] more) => Firmware(
        type, architecture, new(), [Text(77, "iPXE"), (175, [0x13, 1, 1]), (61, [1, 0x52, 0x54, 0, 0x12, 0x34, 0x56]), .. more]);

    public static byte[] Plain(byte type, Header? header = null, params (byte, byte[])[] more) =>
        Packet(header ?? new(), [(53, [type]), (57, [2, 0x40]), Text(60, "udhcp 1.35.0"), .. more]);
}

internal sealed record Header(string Ciaddr = "0.0.0.0", string Giaddr = "0.0.0.0", bool Broadcast = false, MacAddress? Mac = null);

/// <summary>A reply's bytes, option by option.</summary>
internal sealed class ReplyView
{
    private readonly byte[] bytes;

    public ReplyView(DhcpReply reply, DhcpRequest request)
    {
        var buffer = new byte[1500];
        bytes = buffer[..reply.Write(request, buffer)];
        for (var at = 240; bytes[at] != 255; at += bytes[at] == 0 ? 1 : 2 + bytes[at + 1])
        {
            if (bytes[at] != 0)
                Options.Add((bytes[at], bytes[(at + 2)..(at + 2 + bytes[at + 1])]));
        }
    }

    public byte[] Bytes => bytes;

    public List<(byte Code, byte[] Value)> Options { get; } = [];

    public byte[]? this[byte code] => Options.Where(o => o.Code == code).Select(o => o.Value).SingleOrDefault();

    public string TextOf(byte code) => this[code] is { } value ? Encoding.ASCII.GetString(value) : "";

    public string File => Encoding.ASCII.GetString(bytes, 108, 128).TrimEnd('\0');

    public string AddressAt(int offset) => new IPAddress(bytes.AsSpan(offset, 4)).ToString();
}
