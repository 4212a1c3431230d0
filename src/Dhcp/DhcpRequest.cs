using System.Buffers.Binary;
using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>What kind of machine asks, by option 93 (RFC 4578, netboot.md 5).</summary>
public enum ClientFirmware
{
    /// <summary>Not a network boot, or an architecture that we do not know: never answered with a guess.</summary>
    None,
    Bios,
    UefiX64,
    UefiArm64,
}

/// <summary>The facts of one client message, gathered once; every answer is a function of this value.</summary>
public sealed record DhcpRequest : IDhcpClient
{
    public required DhcpMessageType MessageType { get; init; }

    public required MacAddress Mac { get; init; }

    public uint TransactionId { get; init; }

    public ushort Flags { get; init; }

    public byte Hops { get; init; }

    /// <summary>ciaddr: the address that the client has already; 0 in a DISCOVER, where some clients leave it set (netboot.md 1).</summary>
    public uint ClientAddress { get; init; }

    /// <summary>giaddr: the relay, or 0.</summary>
    public uint RelayAddress { get; init; }

    /// <summary>
    /// The address whose subnet decides: 82.5, else option 118, else giaddr; 0 on the local link. RFC 3527 lets the relay's word
    /// outrank the client's.
    /// </summary>
    public uint SubnetAddress { get; init; }

    /// <summary>Option 50, else 0.</summary>
    public uint RequestedAddress { get; init; }

    /// <summary>Option 54, else 0.</summary>
    public uint ServerIdentifier { get; init; }

    /// <summary>82.11 (RFC 5107): the address that the relay wants as server identifier; else 0.</summary>
    public uint ServerIdentifierOverride { get; init; }

    /// <summary>82.19 (RFC 8357): the relay listens on the port that it sent from.</summary>
    public bool RelaySourcePort { get; init; }

    /// <summary>Option 57 less the IP and UDP headers; 548 when it is missing (netboot.md 3).</summary>
    public int MaximumSize { get; init; } = 548;

    /// <summary>Option 61, its type byte first.</summary>
    public byte[]? ClientIdentifier { get; init; }

    public byte[]? RelayAgentInformation { get; init; }

    /// <summary>82.1: the switch port that the relay heard the machine at.</summary>
    public byte[]? CircuitId { get; init; }

    /// <summary>Option 118, which a server that heeds it returns (RFC 3011).</summary>
    public byte[]? SubnetSelection { get; init; }

    public byte[]? MachineIdOption { get; init; }

    /// <summary>43.71: the item of a boot menu that the client asks port 4011 for; it wants it back (netboot.md 4.1).</summary>
    public byte[]? BootItem { get; init; }

    /// <summary>The SMBIOS UUID, when option 97 carries a real one.</summary>
    public MachineUuid? Uuid { get; init; }

    public ClientFirmware Firmware { get; init; }

    /// <summary>Every architecture of option 93, the preferred one first.</summary>
    public IReadOnlyList<ushort> Architectures { get; init; } = [];

    /// <summary>Option 60 as it was sent.</summary>
    public string VendorClass { get; init; } = "";

    /// <summary>Option 55: the options that the client wants, the preferred ones first; null when it says nothing.</summary>
    public byte[]? ParameterRequestList { get; init; }

    /// <summary>PXEClient, HTTPClient, or empty.</summary>
    public string BootClass { get; init; } = "";

    /// <summary>iPXE asks: by user class, or by its encapsulated option (netboot.md 6).</summary>
    public bool IsIpxe { get; init; }

    /// <summary>
    /// It loads a URL and not a TFTP name: option 93 says so, whatever the class. Ampere's eMAG servers boot by HTTP and call
    /// themselves PXEClient (netboot.md 6).
    /// </summary>
    public bool LoadsUrl { get; init; }

    /// <summary>
    /// An iPXE in the card's ROM that was built without HTTP: it says what it can do in option 175, and gets a better loader first.
    /// </summary>
    public bool LacksHttp { get; init; }

    /// <summary>True when the client wants to boot over the network.</summary>
    public bool WantsBoot => BootClass != "" || IsIpxe;

    MacAddress? IDhcpClient.Mac => Mac;

    /// <inheritdoc/>
    public bool HasVendorClass(string start) => VendorClass.StartsWith(start, StringComparison.Ordinal);

    /// <summary>Reads the facts. The refusal is one word for the counters.</summary>
    public static bool TryFrom(in DhcpPacket packet, out DhcpRequest request, out string refusal)
    {
        request = null!;
        var type = packet.Option(DhcpOption.MessageType) is [var t and >= 1 and <= 8] ? (DhcpMessageType)t : DhcpMessageType.None;
        var relay = packet.Option(DhcpOption.RelayAgentInformation);
        refusal = !packet.IsRequest ? "not-a-request"
            : type == DhcpMessageType.None ? "no-message-type"
            // It must come back byte for byte in one option, which cannot be longer (RFC 3046 2.0).
            : relay is { Length: > 255 } ? "relay-information-too-long" : "";
        if (refusal != "")
            return false;

        var machineId = packet.Option(DhcpOption.ClientMachineId);
        var architectures = ArchitecturesOf(packet.Option(DhcpOption.ClientArchitecture));
        var (firmware, loadsUrl) = FirmwareOf(architectures, packet.HardwareAddress);
        var vendorClass = packet.Option(DhcpOption.VendorClass);
        var bootClass = BootClassOf(vendorClass);
        var ipxe = packet.Option(DhcpOption.Ipxe);
        request = new()
        {
            MessageType = type,
            Mac = packet.HardwareAddress,
            TransactionId = packet.TransactionId,
            Flags = packet.Flags,
            Hops = packet.Hops,
            ClientAddress = type == DhcpMessageType.Discover ? 0 : packet.ClientAddress,
            RelayAddress = packet.RelayAddress,
            SubnetAddress = Address(SubOption(relay, 5)) ?? Address(packet.Option(DhcpOption.SubnetSelection)) ?? packet.RelayAddress,
            SubnetSelection = packet.Option(DhcpOption.SubnetSelection) is { Length: 4 } selection ? selection : null,
            CircuitId = SubOption(relay, 1),
            RequestedAddress = Address(packet.Option(DhcpOption.RequestedAddress)) ?? 0,
            ServerIdentifier = Address(packet.Option(DhcpOption.ServerIdentifier)) ?? 0,
            ServerIdentifierOverride = Address(SubOption(relay, 11)) ?? 0,
            RelaySourcePort = SubOption(relay, 19) is not null,
            MaximumSize = packet.Option(DhcpOption.MaximumSize) is { Length: 2 } size
                ? Math.Max(548, BinaryPrimitives.ReadUInt16BigEndian(size) - 28) : 548,
            ClientIdentifier = packet.Option(DhcpOption.ClientIdentifier) is { Length: > 0 } id ? id : null,
            RelayAgentInformation = relay,
            MachineIdOption = machineId is { Length: 17 } ? machineId : null,
            BootItem = SubOption(packet.Option(DhcpOption.VendorSpecific), 71) is { Length: 4 } item ? item : null,
            Uuid = machineId is [0, ..] && MachineUuid.TryFromSmbios(machineId.AsSpan(1), out var uuid) ? uuid : null,
            Architectures = architectures,
            VendorClass = DhcpPacket.Text(vendorClass),
            ParameterRequestList = packet.Option(DhcpOption.ParameterRequestList) is { Length: > 0 } list ? list : null,
            Firmware = firmware,
            LoadsUrl = loadsUrl || bootClass == "HTTPClient",
            BootClass = bootClass,
            // FlexBoot, the iPXE of Mellanox cards, does not always send its user class: the encapsulated option tells as well.
            IsIpxe = IsIpxeUserClass(packet.Option(DhcpOption.UserClass)) || ipxe is not null,
            LacksHttp = HasFeatures(ipxe) && SubOption(ipxe, 0x13) is null,
        };
        return true;
    }

    private static ushort[] ArchitecturesOf(byte[]? option)
    {
        ushort[] found = option is { Length: >= 2 } ? new ushort[option.Length / 2] : [];
        for (var i = 0; i < found.Length; i++)
            found[i] = BinaryPrimitives.ReadUInt16BigEndian(option.AsSpan(2 * i));
        return found;
    }

    // The order of the client's list is its preference; one that we can serve is enough.
    internal static (ClientFirmware Firmware, bool LoadsUrl) FirmwareOf(ushort[] architectures, MacAddress mac)
    {
        // The boot ROM of a Raspberry Pi claims to be a BIOS; no PC program runs there (netboot.md 5).
        if (IsRaspberryPi(mac) && architectures is [0, ..])
            return default;
        foreach (var architecture in architectures)
        {
            (ClientFirmware Firmware, bool LoadsUrl) found = architecture switch
            {
                0 => (ClientFirmware.Bios, false),
                20 => (ClientFirmware.Bios, true),
                // RFC 4578 and its erratum swap 7 and 9: both are x86-64 in the field.
                7 or 9 => (ClientFirmware.UefiX64, false),
                16 or 17 => (ClientFirmware.UefiX64, true),
                11 => (ClientFirmware.UefiArm64, false),
                19 => (ClientFirmware.UefiArm64, true),
                _ => default,
            };
            if (found.Firmware != ClientFirmware.None)
                return found;
        }
        return default;
    }

    private static bool IsRaspberryPi(MacAddress mac)
    {
        Span<byte> bytes = stackalloc byte[6];
        mac.WriteTo(bytes);
        return ((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]) is 0xb827eb or 0xdca632 or 0xe45f01 or 0x28cdc1 or 0xd83add or 0x2ccf67;
    }

    // 0x10 to 0x4f are what a build can do (netboot.md 4.2); a build that names none is taken at its best.
    private static bool HasFeatures(byte[]? ipxe)
    {
        for (var at = 0; ipxe is not null && at + 2 <= ipxe.Length; at += 2 + ipxe[at + 1])
        {
            if (ipxe[at] is >= 0x10 and <= 0x4f)
                return true;
        }
        return false;
    }

    private static string BootClassOf(byte[]? option) =>
        option.AsSpan().StartsWith("PXEClient"u8) ? "PXEClient" : option.AsSpan().StartsWith("HTTPClient"u8) ? "HTTPClient" : "";

    // RFC 3004 wants a length in front of each class; iPXE sends none. Both are seen.
    private static bool IsIpxeUserClass(byte[]? option)
    {
        var rest = option.AsSpan();
        if (rest.SequenceEqual("iPXE"u8))
            return true;
        while (rest.Length > 0 && rest[0] < rest.Length)
        {
            if (rest[1..(1 + rest[0])].SequenceEqual("iPXE"u8))
                return true;
            rest = rest[(1 + rest[0])..];
        }
        return false;
    }

    private static byte[]? SubOption(byte[]? information, byte code)
    {
        for (var at = 0; information is not null && at + 2 <= information.Length && at + 2 + information[at + 1] <= information.Length;)
        {
            if (information[at] == code)
                return information[(at + 2)..(at + 2 + information[at + 1])];
            at += 2 + information[at + 1];
        }
        return null;
    }

    private static uint? Address(byte[]? option) =>
        option is { Length: 4 } ? BinaryPrimitives.ReadUInt32BigEndian(option) : null;
}

/// <summary>IPv4 addresses as numbers: ranges and masks are arithmetic.</summary>
public static class Ipv4
{
    public static uint ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out var written) && written == 4
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : throw new ArgumentException($"{address} is not an IPv4 address.", nameof(address));
    }

    public static IPAddress ToAddress(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new(bytes);
    }
}
