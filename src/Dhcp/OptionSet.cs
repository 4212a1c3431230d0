using System.Numerics;

namespace Cozy.Fleet.Dhcp;

/// <summary>Options that an operator chose, of one version of the protocol: the bytes of each as they stand on the wire.</summary>
public sealed class OptionSet
{
    public static readonly OptionSet Empty = new([]);

    private readonly OptionValue[] ordered;

    private OptionSet(OptionValue[] ordered) => this.ordered = ordered;

    /// <param name="options">No number twice.</param>
    public static OptionSet Of(IEnumerable<OptionValue> options) => new([.. options.OrderBy(o => o.Code)]);

    public OptionValue? this[ushort code]
    {
        get
        {
            foreach (var option in ordered)
            {
                if (option.Code == code)
                    return option;
            }
            return null;
        }
    }

    /// <summary>In order of their numbers.</summary>
    public IReadOnlyList<OptionValue> InOrder => ordered;

    /// <summary>These, and of the lower layer what they do not name.</summary>
    public OptionSet Over(OptionSet lower) => (ordered, lower.ordered) switch
    {
        ([], _) => lower,
        (_, []) => this,
        _ => Of(ordered.Concat(lower.ordered.Where(o => this[o.Code] is null))),
    };

    /// <summary>
    /// What a client gets that sent this list of numbers (option 55; option 6 of DHCPv6), in its order; everything when it sent none.
    /// </summary>
    public IEnumerable<OptionValue> Asked<TCode>(TCode[]? list)
        where TCode : struct, IBinaryInteger<TCode> => list is null || ordered.Length == 0 ? ordered : InOrderOf(list);

    private IEnumerable<OptionValue> InOrderOf<TCode>(TCode[] list)
        where TCode : struct, IBinaryInteger<TCode>
    {
        for (var i = 0; i < list.Length; i++)
        {
            if (this[ushort.CreateTruncating(list[i])] is { } option && Array.IndexOf(list, list[i]) == i)
                yield return option;
        }
        foreach (var option in ordered)
        {
            if (option.Always && !list.Contains(TCode.CreateTruncating(option.Code)))
                yield return option;
        }
    }
}

/// <summary>One option on the wire.</summary>
/// <param name="Always">Sent to clients that did not ask for it, too.</param>
public sealed record OptionValue(ushort Code, byte[] Bytes, bool Always = false);

/// <summary>Options for the clients that all given signs fit; at least one is given.</summary>
/// <param name="VendorClass">How the vendor class begins, such as <c>PXEClient</c>; empty: any.</param>
/// <param name="Architecture">One that the client names; null: any.</param>
/// <param name="CircuitId">The switch port as the relay names it, in hexadecimal; empty: any.</param>
public sealed record OptionClass(string VendorClass, int? Architecture, string CircuitId, OptionSet Options)
{
    public bool Fits(IDhcpClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.HasVendorClass(VendorClass)
            && (Architecture is not { } architecture || client.Architectures.Contains((ushort)architecture))
            && (CircuitId == "" || (client.CircuitId is { } circuit && Convert.ToHexStringLower(circuit) == CircuitId));
    }
}

/// <summary>Which options a client gets: its own reservation's before its classes', then its subnet's, then everybody's.</summary>
/// <param name="Classes">The first that fits outranks the next.</param>
public sealed record OptionPolicy(OptionSet Everybody, IReadOnlyList<OptionClass> Classes)
{
    public static readonly OptionPolicy None = new(OptionSet.Empty, []);

    /// <param name="subnet">What the client's subnet has.</param>
    /// <param name="own">What its reservation has.</param>
    public OptionSet For(IDhcpClient client, OptionSet subnet, OptionSet own)
    {
        ArgumentNullException.ThrowIfNull(own);
        foreach (var matching in Classes)
        {
            if (matching.Fits(client))
                own = own.Over(matching.Options);
        }
        return own.Over(subnet).Over(Everybody);
    }
}
