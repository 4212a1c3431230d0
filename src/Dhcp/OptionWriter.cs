using System.Buffers.Binary;

namespace Cozy.Fleet.Dhcp;

/// <summary>
/// Writes options one behind the other. One that does not fit any more is left out whole: firmware does not understand split
/// options, and the relay's information must still fit at the end (netboot.md 10).
/// </summary>
internal ref struct OptionWriter(Span<byte> room, int reserved)
{
    // BOOTP's 300 bytes: relays and old ROMs drop shorter datagrams (netboot.md 3).
    private const int MinimumLength = 300 - DhcpPacket.HeaderLength;

    private readonly Span<byte> room = room;
    private int length;

    public void Add(byte code, scoped ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || value.Length > 255 || length + 2 + value.Length + reserved > room.Length)
            return;
        Append(code, value);
    }

    public void Add(byte code, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Add(code, bytes);
    }

    public void Add(byte code, string text)
    {
        Span<byte> bytes = stackalloc byte[255];
        if (text.Length <= bytes.Length)
            Add(code, bytes[..System.Text.Encoding.ASCII.GetBytes(text, bytes)]);
    }

    /// <summary>A byte that belongs to no option.</summary>
    public void Pad()
    {
        if (length + 1 + reserved <= room.Length)
            room[length++] = DhcpOption.Pad;
    }

    /// <summary>Adds the relay's information as the last option, ends, and returns the padded length.</summary>
    public int Finish(byte[]? relayAgentInformation)
    {
        if (relayAgentInformation is { } relay)
            Append(DhcpOption.RelayAgentInformation, relay);
        room[length++] = DhcpOption.End;
        return Math.Max(length, Math.Min(MinimumLength, room.Length));
    }

    private void Append(byte code, scoped ReadOnlySpan<byte> value)
    {
        room[length] = code;
        room[length + 1] = (byte)value.Length;
        value.CopyTo(room[(length + 2)..]);
        length += 2 + value.Length;
    }
}
