using System.Buffers.Binary;
using System.Net;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>IPv6 addresses as numbers: ranges and prefixes are arithmetic.</summary>
public static class Ipv6
{
    public const int Bytes = 16;

    public static UInt128 ToNumber(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[Bytes];
        return address.TryWriteBytes(bytes, out var written) && written == Bytes
            ? BinaryPrimitives.ReadUInt128BigEndian(bytes)
            : throw new ArgumentException($"{address} is not an IPv6 address.", nameof(address));
    }

    public static IPAddress ToAddress(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new(bytes);
    }
}
