using System.Buffers.Binary;
using System.Net;
using System.Text;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests.V6;

/// <summary>Builds DHCPv6 messages option by option, and reads answers back.</summary>
internal static class Wire6
{
    public static readonly MacAddress Mac = MacAddress.Parse("52:54:00:12:34:56");

    /// <summary>Made of that card's address, as firmware does it.</summary>
    public static readonly UInt128 LinkLocal = Ip("fe80::5054:ff:fe12:3456");

    // DUID-UUID of 11223344-5566-7788-99aa-bbccddeeff00, in SMBIOS order.
    public static readonly byte[] FirmwareId =
        [0, 4, 0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88, 0x77, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00];

    public static readonly byte[] ServerId = [0, 4, .. Enumerable.Range(1, 16).Select(i => (byte)i)];

    public static UInt128 Ip(string address) => Ipv6.ToNumber(IPAddress.Parse(address));

    public static byte[] Option(int code, params byte[] value) => [(byte)(code >> 8), (byte)code,
        (byte)(value.Length >> 8), (byte)value.Length, .. value];

    public static byte[] Message(Dhcp6MessageType type, params byte[][] options) => [(byte)type, 0x0a, 0x0b, 0x0c,
        .. options.SelectMany(o => o)];

    public static byte[] Association(uint id, params string[] addresses) => Option(3,
        [.. Number(id), 0, 0, 0, 0, 0, 0, 0, 0, .. addresses.SelectMany(a => Option(5,
            [.. IPAddress.Parse(a).GetAddressBytes(), 0, 0, 0, 0, 0, 0, 0, 0]))]);

    /// <summary>OVMF: DUID of the UUID, architecture, vendor class.</summary>
    public static byte[] Firmware(Dhcp6MessageType type, ushort architecture, params byte[][] more) => Message(type,
    [
        Option(1, FirmwareId), Option(61, (byte)(architecture >> 8), (byte)architecture),
        Option(16, [0, 0, 1, 0x57, 0, 33,
            .. Encoding.ASCII.GetBytes($"{(architecture >= 15 ? "HTTP" : "PXE")}Client:Arch:{architecture:D5}:UNDI:003000")]),
        Option(6, 0, 59, 0, 60), .. more,
    ]);

    public static byte[] Ipxe(Dhcp6MessageType type, params byte[][] more) => Firmware(type, 7, [Option(15, [0, 4, .. "iPXE"u8]), .. more]);

    public static byte[] Relayed(byte hops, string link, string peer, byte[] inner, params byte[][] more) =>
        [12, hops, .. IPAddress.Parse(link).GetAddressBytes(), .. IPAddress.Parse(peer).GetAddressBytes(), .. Option(9,
            inner), .. more.SelectMany(o => o)];

    public static Dhcp6Request Request(byte[] datagram, UInt128? source = null)
    {
        Assert.True(Dhcp6Request.TryFrom(datagram, source ?? LinkLocal, out var request, out var refusal), refusal);
        return request;
    }

    /// <summary>The options of a message as "code:hex", inner ones in brackets.</summary>
    public static string Options(ReadOnlySpan<byte> bytes)
    {
        var found = new List<string>();
        var options = new Dhcp6Options(bytes);
        while (options.MoveNext())
        {
            var inner = options.Code == Dhcp6Option.NonTemporary ? $"[{Options(options.Value[12..])}]"
                : Convert.ToHexStringLower(options.Value);
            found.Add($"{(int)options.Code}:{inner}");
        }
        return string.Join(' ', found);
    }

    private static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
