using System.Buffers.Binary;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>Options one after the other: code, length, value (RFC 8415 21.1).</summary>
public ref struct Dhcp6Options(ReadOnlySpan<byte> bytes)
{
    /// <summary>Code and length.</summary>
    public const int Header = 4;

    private ReadOnlySpan<byte> rest = bytes;

    /// <summary>The one before the next <see cref="MoveNext"/>.</summary>
    public Dhcp6Option Code { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>False at the end, and where an option is longer than what is left.</summary>
    public bool MoveNext()
    {
        if (rest.Length < Header || BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) is var length && length > rest.Length - Header)
            return false;
        Code = (Dhcp6Option)BinaryPrimitives.ReadUInt16BigEndian(rest);
        Value = rest.Slice(Header, length);
        rest = rest[(Header + length)..];
        return true;
    }

    /// <summary>The first of its kind; null when there is none.</summary>
    public static byte[]? Find(ReadOnlySpan<byte> bytes, Dhcp6Option code)
    {
        var options = new Dhcp6Options(bytes);
        while (options.MoveNext())
        {
            if (options.Code == code)
                return options.Value.ToArray();
        }
        return null;
    }

    /// <summary>They end where the bytes end.</summary>
    public static bool AreWhole(ReadOnlySpan<byte> bytes)
    {
        var options = new Dhcp6Options(bytes);
        while (options.MoveNext())
        {
        }
        return options.rest.Length == 0;
    }
}
