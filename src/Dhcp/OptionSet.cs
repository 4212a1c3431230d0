namespace Cozy.Fleet.Dhcp;

/// <summary>Options that an operator chose: the bytes of each as they stand on the wire, 1 to 255 of them.</summary>
public sealed class OptionSet
{
    public static readonly OptionSet Empty = new([]);

    private readonly OptionValue[] ordered;

    private OptionSet(OptionValue[] ordered) => this.ordered = ordered;

    /// <param name="options">No number twice.</param>
    public static OptionSet Of(IEnumerable<OptionValue> options) => new([.. options.OrderBy(o => o.Code)]);

    public OptionValue? this[byte code] => Array.Find(ordered, o => o.Code == code);

    /// <summary>In order of their numbers.</summary>
    public IReadOnlyList<OptionValue> InOrder => ordered;

    /// <summary>These, and of the lower layer what they do not name.</summary>
    public OptionSet Over(OptionSet lower) => (ordered, lower.ordered) switch
    {
        ([], _) => lower,
        (_, []) => this,
        _ => Of(ordered.Concat(lower.ordered.Where(o => this[o.Code] is null))),
    };

    /// <summary>What a client gets that sent this parameter request list (option 55), in its order; everything when it sent none.</summary>
    public IEnumerable<OptionValue> Asked(byte[]? list) => list is null || ordered.Length == 0
        ? ordered
        : list.Distinct().Select(code => this[code]).OfType<OptionValue>().Concat(ordered.Where(o => o.Always && !list.Contains(o.Code)));
}

/// <summary>One option on the wire.</summary>
/// <param name="Always">Sent to clients that did not ask for it, too.</param>
public sealed record OptionValue(byte Code, byte[] Bytes, bool Always = false);

/// <summary>Options for the clients that all given signs fit; at least one is given.</summary>
/// <param name="VendorClass">How option 60 begins, such as <c>PXEClient</c>; empty: any.</param>
/// <param name="Architecture">One of option 93 (RFC 4578); null: any.</param>
/// <param name="CircuitId">82.1 in hexadecimal; empty: any.</param>
public sealed record OptionClass(string VendorClass, int? Architecture, string CircuitId, OptionSet Options)
{
    public bool Fits(DhcpRequest request) =>
        request.VendorClass.StartsWith(VendorClass, StringComparison.Ordinal)
        && (Architecture is not { } architecture || request.Architectures.Contains((ushort)architecture))
        && (CircuitId == "" || (request.CircuitId is { } circuit && Convert.ToHexStringLower(circuit) == CircuitId));
}

/// <summary>Which options a client gets: its own reservation's before its classes', then its subnet's, then everybody's.</summary>
/// <param name="Classes">The first that fits outranks the next.</param>
public sealed record OptionPolicy(OptionSet Everybody, IReadOnlyList<OptionClass> Classes)
{
    public static readonly OptionPolicy None = new(OptionSet.Empty, []);

    public OptionSet For(DhcpRequest request, DhcpSubnet subnet, Reservation? own)
    {
        var found = own?.Options ?? OptionSet.Empty;
        foreach (var matching in Classes)
        {
            if (matching.Fits(request))
                found = found.Over(matching.Options);
        }
        return OptionFormat.WithDefaultRoute(found.Over(subnet.Options).Over(Everybody));
    }
}
