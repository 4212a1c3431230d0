using System.Buffers.Binary;

namespace Cozy.Fleet.Dhcp;

/// <summary>Where a machine boots from: the file's name, or a URL for HTTP clients and iPXE.</summary>
/// <param name="NextServer">siaddr: who serves the file by TFTP.</param>
public sealed record BootReply(uint NextServer, string File);

/// <summary>The network that an address belongs to, as the client is told.</summary>
public sealed record DhcpNetwork(uint Network, int PrefixLength, TimeSpan LeaseTime)
{
    public uint Mask => PrefixLength == 0 ? 0 : uint.MaxValue << (32 - PrefixLength);

    public uint Broadcast => Network | ~Mask;

    public bool Contains(uint address) => (address & Mask) == Network;
}

/// <summary>An answer before it is bytes.</summary>
public sealed record DhcpReply(DhcpMessageType MessageType, uint ServerIdentifier)
{
    // EDK2 claims to take 65280 bytes; a datagram of ours must not be cut into fragments (netboot.md 3).
    private const int MaximumLength = 1500 - 28;

    /// <summary>yiaddr; 0 for a proxy, a NAK, and an answer to INFORM.</summary>
    public uint YourAddress { get; init; }

    /// <summary>What the address belongs to; null for a proxy and a NAK.</summary>
    public DhcpNetwork? Network { get; init; }

    public string HostName { get; init; } = "";

    /// <summary>What the operator chose for this client; it gets of them what it asked for.</summary>
    public OptionSet Options { get; init; } = OptionSet.Empty;

    public BootReply? Boot { get; init; }

    /// <summary>The sentence of a NAK (option 56).</summary>
    public string Message { get; init; } = "";

    /// <summary>Writes the reply and returns its length. The span must hold 1500 bytes.</summary>
    public int Write(DhcpRequest request, Span<byte> to)
    {
        to.Clear();
        to[0] = 2;
        to[1] = 1;
        to[2] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], request.TransactionId);
        // RFC 2131 4.1: a NAK through a relay must be broadcast by it, since the client may have no usable address.
        var flags = MessageType == DhcpMessageType.Nak && request.RelayAddress != 0 ? request.Flags | 0x8000 : request.Flags;
        BinaryPrimitives.WriteUInt16BigEndian(to[10..], (ushort)flags);
        if (MessageType != DhcpMessageType.Nak)
            BinaryPrimitives.WriteUInt32BigEndian(to[12..], request.ClientAddress);
        BinaryPrimitives.WriteUInt32BigEndian(to[16..], YourAddress);
        BinaryPrimitives.WriteUInt32BigEndian(to[20..], Boot?.NextServer ?? 0);
        BinaryPrimitives.WriteUInt32BigEndian(to[24..], request.RelayAddress);
        request.Mac.WriteTo(to[28..]);
        // The file stands in the header too: U-Boot and old ROMs read only that (netboot.md 3). 127 bytes and a NUL fit.
        if (Boot is { File.Length: <= 127 })
            System.Text.Encoding.ASCII.GetBytes(Boot.File, to[108..]);
        BinaryPrimitives.WriteUInt32BigEndian(to[236..], DhcpPacket.MagicCookie);
        return WriteOptions(request, to);
    }

    private int WriteOptions(DhcpRequest request, Span<byte> to)
    {
        var options = new OptionWriter(to[DhcpPacket.HeaderLength..Math.Min(MaximumLength, request.MaximumSize)],
            reserved: 1 + (request.RelayAgentInformation is { } relay ? 2 + relay.Length : 0));
        options.Add(DhcpOption.MessageType, [(byte)MessageType]);
        options.Add(DhcpOption.ServerIdentifier, ServerIdentifier);
        if (MessageType == DhcpMessageType.Nak)
            options.Add(DhcpOption.Message, Message);
        else
            WriteSettings(request, ref options);
        // RFC 6842: the client id comes back, in a NAK as well.
        if (request.ClientIdentifier is { } id)
            options.Add(DhcpOption.ClientIdentifier, id);
        if (MessageType != DhcpMessageType.Nak && request.SubnetSelection is { } selection)
            options.Add(DhcpOption.SubnetSelection, selection);
        return DhcpPacket.HeaderLength + options.Finish(request.RelayAgentInformation);
    }

    private void WriteSettings(DhcpRequest request, ref OptionWriter options)
    {
        if (Network is { } network)
            WriteNetwork(network, ref options);
        if (request.ParameterRequestList?.Contains(DhcpOption.HostName) != false)
            options.Add(DhcpOption.HostName, HostName);
        if (Boot is { } boot)
            WriteBoot(request, boot, ref options);
        if (request.MachineIdOption is { } machineId)
            options.Add(DhcpOption.ClientMachineId, machineId);
        foreach (var chosen in Options.Asked(request.ParameterRequestList))
        {
            // What the boot needs stands there already, and no option twice.
            if (Boot is null || chosen.Code is not (DhcpOption.VendorSpecific or DhcpOption.Ipxe))
                options.Add((byte)chosen.Code, chosen.Bytes);
        }
    }

    private void WriteNetwork(DhcpNetwork network, ref OptionWriter options)
    {
        // RFC 2132 3.3: the mask comes before the routers. EDK2 derives a classful one without it, asked or not (netboot.md 4).
        options.Add(DhcpOption.SubnetMask, network.Mask);
        if (YourAddress == 0)
            return; // An answer to INFORM carries no times (RFC 2131 4.3.5).
        var seconds = (uint)network.LeaseTime.TotalSeconds;
        options.Add(DhcpOption.LeaseTime, seconds);
        options.Add(DhcpOption.RenewalTime, seconds / 2);
        options.Add(DhcpOption.RebindingTime, (uint)(seconds * 0.875));
    }

    private static void WriteBoot(DhcpRequest request, BootReply boot, ref OptionWriter options)
    {
        options.Add(DhcpOption.BootFileName, boot.File);
        // Some ROMs read the name as a C string, and a Raspberry Pi takes a NUL inside the option for a part of the name: a pad
        // behind it serves both (netboot.md 3).
        options.Pad();
        if (request.BootClass == "HTTPClient")
        {
            options.Add(DhcpOption.VendorClass, "HTTPClient");
            return;
        }
        // Option 60 promises a boot service on port 4011; sub-option 6 with bit 3 says "do not ask, load the file named
        // here" (netboot.md 7.1: without it EDK2 fails with PXE-E16).
        options.Add(DhcpOption.VendorClass, "PXEClient");
        ReadOnlySpan<byte> vendor = request.BootItem is { } item ? [6, 1, 8, 71, 4, .. item, 255] : [6, 1, 8, 255];
        options.Add(DhcpOption.VendorSpecific, vendor);
        // iPXE waits three seconds for a ProxyDHCP server unless it is told that there is none (netboot.md 14.3).
        if (request.IsIpxe)
            options.Add(DhcpOption.Ipxe, [0xb0, 1, 1]);
    }
}
