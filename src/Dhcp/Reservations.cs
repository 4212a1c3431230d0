using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>An address that belongs to one machine, which is known by the one sign that is not null.</summary>
/// <param name="Mac">Its network card.</param>
public sealed record Reservation(MacAddress? Mac, uint Address, string HostName = "")
{
    /// <summary>Option 97, as firmware and iPXE send it.</summary>
    public MachineUuid? Uuid { get; init; }

    /// <summary>Option 61 in hexadecimal, its type byte first; empty when another sign is meant.</summary>
    public string ClientIdentifier { get; init; } = "";

    /// <summary>82.1 in hexadecimal: the switch port, as the relay names it; empty when another sign is meant.</summary>
    public string CircuitId { get; init; } = "";

    /// <summary>Options of this machine alone.</summary>
    public OptionSet Options { get; init; } = OptionSet.Empty;

    /// <summary>The sign in words.</summary>
    public string Owner => Mac?.ToString() ?? Uuid?.ToString() ?? (ClientIdentifier != "" ? $"client id {ClientIdentifier}" : $"circuit id {CircuitId}");
}

/// <summary>Finds a request's reservation. The card outranks the UUID, which boards share; both outrank what is configured or plugged.</summary>
internal sealed class Reservations(IReadOnlyList<Reservation> all)
{
    private readonly ILookup<MacAddress, Reservation> byMac = all.Where(r => r.Mac is not null).ToLookup(r => r.Mac.GetValueOrDefault());
    private readonly ILookup<string, Reservation> bySign = all.Where(r => r.Mac is null).ToLookup(Sign);
    private readonly Dictionary<uint, Reservation> byAddress = all.DistinctBy(r => r.Address).ToDictionary(r => r.Address);

    public Reservation? At(uint address) => byAddress.GetValueOrDefault(address);

    /// <param name="network">Null: any; else the reservation must be inside.</param>
    public Reservation? Of(DhcpRequest request, DhcpNetwork? network = null)
    {
        var own = First(byMac[request.Mac], network);
        return own is not null || bySign.Count == 0
            ? own
            : Signs(request).Select(sign => First(bySign[sign], network)).FirstOrDefault(found => found is not null);
    }

    private static Reservation? First(IEnumerable<Reservation> found, DhcpNetwork? network) =>
        found.FirstOrDefault(r => network is null || network.Contains(r.Address));

    private static string Sign(Reservation r) =>
        r.Uuid is { } uuid ? $"uuid {uuid}" : r.ClientIdentifier != "" ? $"id {r.ClientIdentifier}" : $"circuit {r.CircuitId}";

    private static IEnumerable<string> Signs(DhcpRequest request)
    {
        if (request.Uuid is { } uuid)
        {
            yield return $"uuid {uuid}";
            // Firmware older than SMBIOS 2.6 sends the first fields the other way round (netboot.md 19).
            yield return $"uuid {uuid.Swapped}";
        }
        if (request.ClientIdentifier is { } id)
            yield return $"id {Convert.ToHexStringLower(id)}";
        if (request.CircuitId is { } circuit)
            yield return $"circuit {Convert.ToHexStringLower(circuit)}";
    }
}
