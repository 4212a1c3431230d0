using System.Buffers.Binary;
using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>A message as firmware and iPXE send it (netboot.md 4.4, 6), for machines that are simulated, and to ask who answers.</summary>
public sealed record DhcpClientMessage(DhcpMessageType MessageType, MacAddress Mac, uint TransactionId)
{
    /// <summary>UEFI on x64 (RFC 4578 2.1; RFC 5970 has the same registry).</summary>
    public const ushort UefiX64 = 7;

    public uint RequestedAddress { get; init; }

    public uint ServerIdentifier { get; init; }

    public MachineUuid? Uuid { get; init; }

    /// <summary>Option 93; null for a client that does not boot.</summary>
    public ushort? Architecture { get; init; }

    public bool IsIpxe { get; init; }

    /// <summary>The relay that the message goes through: giaddr, with RFC 8357's request to answer to the sending port.</summary>
    public IPAddress? Relay { get; init; }

    /// <summary>Writes the message and returns its length. The span must hold 600 bytes.</summary>
    public int Write(Span<byte> to)
    {
        to.Clear();
        to[0] = 1;
        to[1] = 1;
        to[2] = 6;
        to[3] = (byte)(Relay is null ? 0 : 1);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], TransactionId);
        BinaryPrimitives.WriteUInt16BigEndian(to[10..], 0x8000);
        if (Relay is not null)
            BinaryPrimitives.WriteUInt32BigEndian(to[24..], Ipv4.ToNumber(Relay));
        Mac.WriteTo(to[28..]);
        BinaryPrimitives.WriteUInt32BigEndian(to[236..], DhcpPacket.MagicCookie);

        var options = new OptionWriter(to[DhcpPacket.HeaderLength..], reserved: 8);
        options.Add(DhcpOption.MessageType, [(byte)MessageType]);
        if (RequestedAddress != 0)
            options.Add(DhcpOption.RequestedAddress, RequestedAddress);
        if (ServerIdentifier != 0)
            options.Add(DhcpOption.ServerIdentifier, ServerIdentifier);
        options.Add(DhcpOption.MaximumSize, [0x05, 0xc0]);
        if (Architecture is { } architecture)
            AddBootOptions(ref options, architecture);
        return DhcpPacket.HeaderLength + options.Finish(Relay is null ? null : [19, 0]);
    }

    private void AddBootOptions(ref OptionWriter options, ushort architecture)
    {
        options.Add(DhcpOption.VendorClass, $"PXEClient:Arch:{architecture:D5}:UNDI:003000");
        options.Add(DhcpOption.ClientArchitecture, [(byte)(architecture >> 8), (byte)architecture]);
        options.Add(DhcpOption.ClientNdi, [1, 3, 0]);
        if (Uuid is { } uuid)
        {
            var machineId = new byte[17];
            uuid.WriteSmbios(machineId.AsSpan(1));
            options.Add(DhcpOption.ClientMachineId, machineId);
        }
        if (IsIpxe)
        {
            options.Add(DhcpOption.UserClass, "iPXE"u8);
            options.Add(DhcpOption.Ipxe, [0x13, 1, 1]);
        }
    }
}

/// <summary>A server's reply as a client reads it.</summary>
public sealed record DhcpServerMessage(
    DhcpMessageType MessageType, MacAddress Mac, uint TransactionId, IPAddress YourAddress, IPAddress NextServer, uint ServerIdentifier,
    string BootFile, string VendorClass, bool BootWithoutBootService)
{
    /// <summary>Null for anything that is not a server's reply.</summary>
    public static DhcpServerMessage? Read(ReadOnlySpan<byte> datagram)
    {
        if (!DhcpPacket.TryWrap(datagram, out var packet, out _) || packet.IsRequest)
            return null;
        var option67 = packet.Option(DhcpOption.BootFileName);
        return new(
            packet.Option(DhcpOption.MessageType) is [var type] ? (DhcpMessageType)type : DhcpMessageType.None,
            packet.HardwareAddress, packet.TransactionId, Ipv4.ToAddress(packet.YourAddress), Ipv4.ToAddress(packet.NextServer),
            packet.Option(DhcpOption.ServerIdentifier) is { Length: 4 } id ? BinaryPrimitives.ReadUInt32BigEndian(id) : 0,
            option67 is null ? packet.BootFile : DhcpPacket.Text(option67),
            DhcpPacket.Text(packet.Option(DhcpOption.VendorClass)),
            packet.Option(DhcpOption.VendorSpecific) is [6, 1, 8, ..]);
    }
}
