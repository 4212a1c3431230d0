using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>An address of either version that belongs to one machine, which is known by the one sign that is given.</summary>
/// <param name="Mac">Its network card.</param>
public sealed record Reservation<TAddress>(MacAddress? Mac, TAddress Address, string HostName = "")
{
    /// <summary>Option 97, or a DUID that is made of it, as firmware and iPXE send them.</summary>
    public MachineUuid? Uuid { get; init; }

    /// <summary>Option 61 in hexadecimal, its type byte first, or the DUID; empty when another sign is meant.</summary>
    public string ClientIdentifier { get; init; } = "";

    /// <summary>The switch port in hexadecimal, as the relay names it; empty when another sign is meant.</summary>
    public string CircuitId { get; init; } = "";

    /// <summary>Options of this machine alone.</summary>
    public OptionSet Options { get; init; } = OptionSet.Empty;

    /// <summary>The sign in words.</summary>
    public string Owner => Mac?.ToString() ?? Uuid?.ToString() ?? (ClientIdentifier != "" ? $"client id {ClientIdentifier}" : $"circuit id {CircuitId}");
}

/// <summary>Finds a request's reservation. The card outranks the UUID, which boards share; both outrank what is configured or plugged.</summary>
internal sealed class Reservations<TAddress>(IReadOnlyList<Reservation<TAddress>> all)
    where TAddress : struct
{
    private readonly Dictionary<MacAddress, Reservation<TAddress>[]> byMac =
        all.Where(r => r.Mac is not null).GroupBy(r => r.Mac.GetValueOrDefault()).ToDictionary(g => g.Key, g => g.ToArray());
    private readonly ILookup<string, Reservation<TAddress>> bySign = all.Where(r => r.Mac is null).ToLookup(Sign);
    private readonly Dictionary<TAddress, Reservation<TAddress>> byAddress = all.DistinctBy(r => r.Address).ToDictionary(r => r.Address);

    public Reservation<TAddress>? At(TAddress address) => byAddress.GetValueOrDefault(address);

    /// <param name="isOfSubnet">Whether an address belongs to the client's subnet.</param>
    public Reservation<TAddress>? Of(IDhcpClient client, Func<TAddress, bool> isOfSubnet)
    {
        var own = client.Mac is { } mac && byMac.TryGetValue(mac, out var found) ? First(found, isOfSubnet) : null;
        return own is not null || bySign.Count == 0
            ? own
            : Signs(client).Select(sign => First(bySign[sign], isOfSubnet)).FirstOrDefault(r => r is not null);
    }

    private static Reservation<TAddress>? First(IEnumerable<Reservation<TAddress>> found, Func<TAddress, bool> isOfSubnet) =>
        found.FirstOrDefault(r => isOfSubnet(r.Address));

    private static string Sign(Reservation<TAddress> r) =>
        r.Uuid is { } uuid ? $"uuid {uuid}" : r.ClientIdentifier != "" ? $"id {r.ClientIdentifier}" : $"circuit {r.CircuitId}";

    private static IEnumerable<string> Signs(IDhcpClient client)
    {
        if (client.Uuid is { } uuid)
        {
            yield return $"uuid {uuid}";
            // Firmware older than SMBIOS 2.6 sends the first fields the other way round (netboot.md 19).
            yield return $"uuid {uuid.Swapped}";
        }
        if (client.ClientIdentifier is { } id)
            yield return $"id {Convert.ToHexStringLower(id)}";
        if (client.CircuitId is { } circuit)
            yield return $"circuit {Convert.ToHexStringLower(circuit)}";
    }
}
