using System.Buffers.Binary;
using System.Text;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>What a server's message means to a client.</summary>
/// <param name="GivesAddress">It has an address to use.</param>
/// <param name="BootUrl">Option 59; empty without one.</param>
public sealed record Dhcp6ServerMessage(Dhcp6MessageType Type, byte[] ServerId, bool GivesAddress, string BootUrl)
{
    /// <summary>Null for anything that is not an ADVERTISE or a REPLY.</summary>
    public static Dhcp6ServerMessage? Read(ReadOnlySpan<byte> datagram)
    {
        if (datagram is not [(byte)Dhcp6MessageType.Advertise or (byte)Dhcp6MessageType.Reply, _, _, _, .. var options]
            || !Dhcp6Options.AreWhole(options))
            return null;
        return Dhcp6Options.Find(options, Dhcp6Option.ServerId) is not { Length: > 0 } id ? null : new(
            (Dhcp6MessageType)datagram[0], id, GivesOne(options),
            Encoding.ASCII.GetString(Dhcp6Options.Find(options, Dhcp6Option.BootFileUrl) ?? []));
    }

    // An association's number and two times, then its addresses, each with a preferred and a valid lifetime (RFC 8415 21.4, 21.6). What
    // ends now is not given.
    private static bool GivesOne(ReadOnlySpan<byte> options)
    {
        const int AssociationHeader = 12;
        for (var outer = new Dhcp6Options(options); outer.MoveNext();)
        {
            if (outer.Code != Dhcp6Option.NonTemporary || outer.Value.Length < AssociationHeader)
                continue;
            for (var inner = new Dhcp6Options(outer.Value[AssociationHeader..]); inner.MoveNext();)
            {
                if (inner.Code == Dhcp6Option.Address && inner.Value.Length >= Ipv6.Bytes + 8
                    && BinaryPrimitives.ReadUInt32BigEndian(inner.Value[(Ipv6.Bytes + 4)..]) > 0)
                    return true;
            }
        }
        return false;
    }
}
