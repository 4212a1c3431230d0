using System.Buffers.Binary;
using System.Text;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>One identity association: the client wants an address for it (RFC 8415 21.4).</summary>
/// <param name="Addresses">Those that the client has or wishes.</param>
public sealed record Dhcp6Association(uint Id, IReadOnlyList<UInt128> Addresses)
{
    /// <summary>The one that counts; 0 when it names none.</summary>
    public UInt128 Wish => Addresses is [var first, ..] ? first : 0;
}

/// <summary>The facts of one client message, gathered once; every answer is a function of this value.</summary>
public sealed record Dhcp6Request : IDhcpClient
{
    // RFC 8415 7.6, HOP_COUNT_LIMIT.
    private const int MostRelays = 8;

    // A firmware asks for one; the rest of a greedy one is not answered.
    private const int MostAssociations = 4;

    // What EDK2 calls itself in option 16.
    private static readonly string[] BootClasses = ["PXEClient", "HTTPClient"];

    // RFC 8415 11: a DUID has at most 130 bytes.
    private const int LongestDuid = 130;

    public required Dhcp6MessageType Type { get; init; }

    public required uint TransactionId { get; init; }

    /// <summary>The client's DUID; empty in an INFORMATION-REQUEST without one.</summary>
    public byte[] ClientId { get; init; } = [];

    /// <summary>The server that it speaks to; null when it asks all.</summary>
    public byte[]? ServerId { get; init; }

    public IReadOnlyList<Dhcp6Association> Associations { get; init; } = [];

    public bool RapidCommit { get; init; }

    /// <summary>Option 6: the options that the client wants, the preferred ones first; null when it says nothing.</summary>
    public ushort[]? OptionRequest { get; init; }

    /// <summary>It wants to hear its name, or told us one (option 39).</summary>
    public bool WantsName { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<ushort> Architectures { get; init; } = [];

    /// <summary>The texts of option 16.</summary>
    public IReadOnlyList<string> VendorClasses { get; init; } = [];

    public ClientFirmware Firmware { get; init; }

    /// <summary>PXEClient, HTTPClient, or empty.</summary>
    public string BootClass { get; init; } = "";

    public bool IsIpxe { get; init; }

    /// <summary>It loads by HTTP and not by TFTP.</summary>
    public bool LoadsUrl { get; init; }

    /// <summary>
    /// The network card that asks. A relay says it, or a link-local address that is made of it; where neither does, the DUID is made of a
    /// card of the machine, though perhaps of another one.
    /// </summary>
    public MacAddress? Mac { get; init; }

    /// <summary>The SMBIOS UUID, when the DUID is made of it: EDK2 and iPXE do so.</summary>
    public MachineUuid? Uuid { get; init; }

    /// <summary>The relays, the outermost first; none on the local link.</summary>
    public IReadOnlyList<Dhcp6Relay> Relays { get; init; } = [];

    /// <summary>True when the client wants to boot over the network.</summary>
    public bool WantsBoot => Firmware != ClientFirmware.None && (BootClass != "" || IsIpxe);

    /// <summary>The address on the client's link that the nearest relay names; 0 on the local link.</summary>
    public UInt128 LinkAddress => Relays.LastOrDefault(relay => relay.Link != 0)?.Link ?? 0;

    byte[]? IDhcpClient.ClientIdentifier => ClientId;

    byte[]? IDhcpClient.CircuitId => Relays.LastOrDefault(relay => relay.InterfaceId is not null)?.InterfaceId;

    /// <inheritdoc/>
    public bool HasVendorClass(string start) => start == "" || VendorClasses.Any(text => text.StartsWith(start, StringComparison.Ordinal));

    /// <summary>Reads the facts. The refusal is one word for the counters.</summary>
    /// <param name="source">Where the datagram came from.</param>
    public static bool TryFrom(ReadOnlySpan<byte> datagram, UInt128 source, out Dhcp6Request request, out string refusal)
    {
        request = null!;
        var relays = new List<Dhcp6Relay>();
        byte[]? hardware = null;
        while (datagram is [(byte)Dhcp6MessageType.RelayForward, ..])
        {
            if (!TryUnwrap(datagram, relays, ref hardware, out var inner, out refusal))
                return false;
            datagram = inner;
        }
        if (datagram.Length < 4 || !Dhcp6Options.AreWhole(datagram[4..]))
        {
            refusal = "truncated";
            return false;
        }
        var type = (Dhcp6MessageType)datagram[0];
        request = Read(type, datagram, relays, hardware ?? Hardware(relays.Count > 0 ? relays[^1].Peer : source));
        refusal = type is not (>= Dhcp6MessageType.Solicit and <= Dhcp6MessageType.InformationRequest)
                or Dhcp6MessageType.Advertise or Dhcp6MessageType.Reply or (Dhcp6MessageType)10 ? "not-a-request"
            : request.ClientId.Length == 0 && type != Dhcp6MessageType.InformationRequest ? "no-client-id"
            : request.ClientId.Length > LongestDuid ? "client-id-too-long" : "";
        return refusal == "";
    }

    // Hop count, link address, peer address, options; the message of the one before is an option.
    private static bool TryUnwrap(
        ReadOnlySpan<byte> datagram, List<Dhcp6Relay> relays, ref byte[]? hardware, out byte[] inner, out string refusal)
    {
        const int Header = 2 + (2 * Ipv6.Bytes);
        inner = [];
        refusal = relays.Count >= MostRelays ? "too-many-relays"
            : datagram.Length < Header || !Dhcp6Options.AreWhole(datagram[Header..]) ? "truncated" : "";
        if (refusal != "")
            return false;
        var options = datagram[Header..];
        relays.Add(new(datagram[1], BinaryPrimitives.ReadUInt128BigEndian(datagram[2..]),
            BinaryPrimitives.ReadUInt128BigEndian(datagram[18..]),
            Dhcp6Options.Find(options, Dhcp6Option.InterfaceId)));
        // RFC 6939: a hardware type of two bytes, 1 is Ethernet. The relay next to the client says it.
        hardware = Dhcp6Options.Find(options, Dhcp6Option.LinkLayerAddress) is [0, 1, .. { Length: 6 } mac] ? mac : hardware;
        if (Dhcp6Options.Find(options, Dhcp6Option.RelayMessage) is not { Length: > 0 } message)
        {
            refusal = "no-relay-message";
            return false;
        }
        inner = message;
        return true;
    }

    private static Dhcp6Request Read(Dhcp6MessageType type, ReadOnlySpan<byte> datagram, List<Dhcp6Relay> relays, byte[]? hardware)
    {
        var options = datagram[4..];
        var duid = Dhcp6Options.Find(options, Dhcp6Option.ClientId) ?? [];
        var architectures = Words(Dhcp6Options.Find(options, Dhcp6Option.ClientArchitecture));
        var wanted = Dhcp6Options.Find(options, Dhcp6Option.OptionRequest) is { } list ? Words(list) : null;
        var classes = Texts(Dhcp6Options.Find(options, Dhcp6Option.VendorClass).AsSpan() is { Length: > 4 } named ? named[4..] : default);
        var bootClass = BootClasses.FirstOrDefault(known => classes.Exists(text => text.StartsWith(known, StringComparison.Ordinal))) ?? "";
        var (firmware, loadsUrl) = DhcpRequest.FirmwareOf(architectures, default);
        return new()
        {
            Type = type,
            TransactionId = BinaryPrimitives.ReadUInt32BigEndian(datagram) & 0xffffff,
            ClientId = duid,
            ServerId = Dhcp6Options.Find(options, Dhcp6Option.ServerId),
            Associations = AssociationsOf(options),
            RapidCommit = Dhcp6Options.Find(options, Dhcp6Option.RapidCommit) is not null,
            OptionRequest = wanted,
            WantsName = wanted?.Contains((ushort)Dhcp6Option.FullName) != false
                || Dhcp6Options.Find(options, Dhcp6Option.FullName) is not null,
            Architectures = architectures,
            VendorClasses = classes,
            Firmware = firmware,
            LoadsUrl = loadsUrl || bootClass == "HTTPClient",
            BootClass = bootClass,
            IsIpxe = Texts(Dhcp6Options.Find(options, Dhcp6Option.UserClass)).Contains("iPXE"),
            Mac = hardware is null ? MacOf(duid) : MacAddress.FromBytes(hardware),
            // RFC 6355: type 4, and the UUID as SMBIOS has it.
            Uuid = duid is [0, 4, .. { Length: 16 } id] && MachineUuid.TryFromSmbios(id, out var uuid) ? uuid : null,
            Relays = relays,
        };
    }

    private static List<Dhcp6Association> AssociationsOf(ReadOnlySpan<byte> bytes)
    {
        const int Header = 12; // Id, T1, T2.
        var found = new List<Dhcp6Association>();
        var options = new Dhcp6Options(bytes);
        while (options.MoveNext() && found.Count < MostAssociations)
        {
            if (options.Code != Dhcp6Option.NonTemporary || options.Value.Length < Header)
                continue;
            var addresses = new List<UInt128>();
            var inner = new Dhcp6Options(options.Value[Header..]);
            while (inner.MoveNext() && addresses.Count < MostAssociations)
            {
                if (inner.Code == Dhcp6Option.Address && inner.Value.Length >= Ipv6.Bytes)
                    addresses.Add(BinaryPrimitives.ReadUInt128BigEndian(inner.Value));
            }
            found.Add(new(BinaryPrimitives.ReadUInt32BigEndian(options.Value), addresses));
        }
        return found;
    }

    private static ushort[] Words(byte[]? option)
    {
        var found = new ushort[(option?.Length ?? 0) / 2];
        for (var i = 0; i < found.Length; i++)
            found[i] = BinaryPrimitives.ReadUInt16BigEndian(option.AsSpan(2 * i));
        return found;
    }

    // RFC 8415 21.15 and 21.16, there behind an enterprise number: texts with a length of two each. One that claims more than the option
    // holds ends with it.
    private static List<string> Texts(ReadOnlySpan<byte> option)
    {
        var found = new List<string>();
        while (option.Length > 2)
        {
            var end = Math.Min(option.Length, 2 + BinaryPrimitives.ReadUInt16BigEndian(option));
            found.Add(Encoding.Latin1.GetString(option[2..end]));
            option = option[end..];
        }
        return found;
    }

    // RFC 8415 11.2 and 11.4: type 1 with a time, or 3, of hardware type 1.
    private static MacAddress? MacOf(byte[] duid) => duid switch
    {
        [0, 1, 0, 1, _, _, _, _, .. { Length: 6 } mac] => MacAddress.FromBytes(mac),
        [0, 3, 0, 1, .. { Length: 6 } mac] => MacAddress.FromBytes(mac),
        _ => null,
    };

    // A link-local address that is made of the card's (RFC 4291, appendix A): firmware does so, systems often do not.
    private static byte[]? Hardware(UInt128 address)
    {
        Span<byte> bytes = stackalloc byte[Ipv6.Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, address);
        return bytes is [0xfe, 0x80, 0, 0, 0, 0, 0, 0, var first, var b, var c, 0xff, 0xfe, var d, var e, var f]
            ? [(byte)(first ^ 2), b, c, d, e, f] : null;
    }
}
