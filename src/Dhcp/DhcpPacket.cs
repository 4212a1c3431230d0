using System.Buffers.Binary;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>
/// A DHCPv4 datagram seen in place (RFC 2131 2). Wrapping checks once; after that no member throws, whatever the bytes are.
/// </summary>
public readonly ref struct DhcpPacket
{
    internal const int HeaderLength = 240;
    internal const uint MagicCookie = 0x63825363;

    private readonly ReadOnlySpan<byte> bytes;

    private DhcpPacket(ReadOnlySpan<byte> bytes) => this.bytes = bytes;

    /// <summary>Takes Ethernet datagrams with the DHCP cookie; the refusal says what is wrong with others.</summary>
    public static bool TryWrap(ReadOnlySpan<byte> datagram, out DhcpPacket packet, out string refusal)
    {
        packet = default;
        refusal = datagram switch
        {
            { Length: < HeaderLength } => "truncated",
            [not (1 or 2), ..] => "unknown-op",
            [_, not 1, ..] or [_, _, not 6, ..] => "not-ethernet",
            [_, _, _, > 16, ..] => "too-many-hops",
            _ => BinaryPrimitives.ReadUInt32BigEndian(datagram[236..]) == MagicCookie ? "" : "no-dhcp-cookie",
        };
        if (refusal != "")
            return false;
        packet = new(datagram);
        return true;
    }

    /// <summary>True for a client's message; a server's reply must not be answered, or two servers talk for ever.</summary>
    public bool IsRequest => bytes[0] == 1;

    public byte Hops => bytes[3];

    public uint TransactionId => BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);

    public ushort Flags => BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]);

    public uint ClientAddress => BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]);

    public uint YourAddress => BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);

    public uint NextServer => BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]);

    public uint RelayAddress => BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]);

    public MacAddress HardwareAddress => MacAddress.FromBytes(bytes.Slice(28, 6));

    /// <summary>The header's boot file name, without its padding.</summary>
    public string BootFile => Text(bytes.Slice(108, 128));

    /// <summary>
    /// Reads an option; several instances are joined (RFC 3396), the header fields count as well when option 52 says so.
    /// Null when it is missing.
    /// </summary>
    public byte[]? Option(byte code)
    {
        byte[]? found = null;
        Collect(bytes[HeaderLength..], code, ref found);
        byte[]? overload = null;
        Collect(bytes[HeaderLength..], DhcpOption.Overload, ref overload);
        if (overload is [1 or 3])
            Collect(bytes.Slice(108, 128), code, ref found);
        if (overload is [2 or 3])
            Collect(bytes.Slice(44, 64), code, ref found);
        return found;
    }

    internal static string Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return System.Text.Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }

    private static void Collect(ReadOnlySpan<byte> options, byte code, ref byte[]? found)
    {
        var at = 0;
        while (at < options.Length && options[at] != DhcpOption.End)
        {
            if (options[at] == DhcpOption.Pad)
            {
                at++;
                continue;
            }
            // A length that runs out of the datagram ends the options: what stands before it is still good.
            if (at + 2 > options.Length || at + 2 + options[at + 1] > options.Length)
                return;
            var value = options.Slice(at + 2, options[at + 1]);
            if (options[at] == code)
                found = found is null ? value.ToArray() : [.. found, .. value];
            at += 2 + value.Length;
        }
    }
}
