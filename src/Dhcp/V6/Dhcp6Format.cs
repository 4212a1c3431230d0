using System.Buffers.Binary;
using System.Text;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>How values of DHCPv6 options stand on the wire.</summary>
public static class Dhcp6Format
{
    // RFC 5908 4.1: a server's address.
    private const ushort NtpServerAddress = 1;

    public static byte[] Addresses(IReadOnlyList<UInt128> addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        var bytes = new byte[Ipv6.Bytes * addresses.Count];
        for (var i = 0; i < addresses.Count; i++)
            BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(Ipv6.Bytes * i), addresses[i]);
        return bytes;
    }

    /// <summary>Option 56 (RFC 5908): each address is an option of its own inside.</summary>
    public static byte[] NtpServers(IReadOnlyList<UInt128> addresses)
    {
        var writer = new Dhcp6Writer();
        foreach (var address in addresses)
            writer.Option((Dhcp6Option)NtpServerAddress, w => w.Address(address));
        return writer.ToArray();
    }

    /// <summary>Names in full length: this version points back to none (RFC 8415 10).</summary>
    public static byte[] Names(IReadOnlyList<string> names) => [.. names.SelectMany(name => (byte[])[.. Labels(name), 0])];

    /// <summary>A name with dots is complete; one without is the beginning of one, and nothing ends it (RFC 4704 4.2).</summary>
    public static byte[] HostName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Contains('.') ? Names([name]) : Labels(name);
    }

    private static byte[] Labels(string name) =>
        [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)])];
}
