using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>A SOLICIT as firmware sends it.</summary>
public static class Dhcp6Solicitation
{
    /// <param name="card">The DUID is made of it (RFC 8415 11.4).</param>
    /// <param name="transactionId">24 bits.</param>
    public static byte[] Write(MacAddress card, int transactionId)
    {
        var message = new Dhcp6Writer();
        message.Number(((uint)Dhcp6MessageType.Solicit << 24) | ((uint)transactionId & 0xffffff), 4);
        message.Option(Dhcp6Option.ClientId, w =>
        {
            Span<byte> mac = stackalloc byte[6];
            card.WriteTo(mac);
            w.Bytes([0, 3, 0, 1, .. mac]);
        });
        message.Option(Dhcp6Option.ElapsedTime, w => w.Number(0, 2));
        message.Option(Dhcp6Option.NonTemporary, w => w.Bytes([0, 0, 0, 1, .. new byte[8]]));
        message.Option(Dhcp6Option.OptionRequest, w => w.Number((uint)Dhcp6Option.BootFileUrl, 2));
        message.Option(Dhcp6Option.ClientArchitecture, w => w.Number(DhcpClientMessage.UefiX64, 2));
        return message.ToArray();
    }
}
