using System.Globalization;

namespace Cozy.Fleet.Primitives;

/// <summary>An Ethernet address. Its text form is <c>aa:bb:cc:dd:ee:ff</c>.</summary>
public readonly record struct MacAddress : IComparable<MacAddress>
{
    private readonly ulong value;

    private MacAddress(ulong value) => this.value = value;

    /// <summary>Everybody on the link.</summary>
    public static MacAddress Broadcast { get; } = new(0xffff_ffff_ffff);

    /// <summary>Takes the six bytes as they stand in a frame.</summary>
    /// <exception cref="ArgumentException">There are not exactly six bytes.</exception>
    public static MacAddress FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != 6)
            throw new ArgumentException($"A MAC address has 6 bytes, not {bytes.Length}.", nameof(bytes));

        ulong value = 0;
        foreach (var b in bytes)
            value = (value << 8) | b;
        return new(value);
    }

    /// <summary>
    /// Reads twelve hexadecimal digits with colons, dashes, dots or nothing between them: every tool writes them differently.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MacAddress mac)
    {
        Span<char> digits = stackalloc char[12];
        var count = 0;
        foreach (var c in text)
        {
            if (c is ':' or '-' or '.')
                continue;
            if (!char.IsAsciiHexDigit(c) || count == 12)
            {
                mac = default;
                return false;
            }
            digits[count++] = c;
        }

        mac = count == 12 ? new(ulong.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)) : default;
        return count == 12;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">The text is not a MAC address.</exception>
    public static MacAddress Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var mac) ? mac : throw new FormatException($"'{text}' is not a MAC address.");

    /// <summary>True for a multicast or broadcast address, which no machine can own.</summary>
    public bool IsMulticast => ((value >> 40) & 1) != 0;

    /// <summary>Writes the six bytes in frame order.</summary>
    public void WriteTo(Span<byte> destination)
    {
        for (var i = 0; i < 6; i++)
            destination[i] = (byte)(value >> (40 - (8 * i)));
    }

    /// <inheritdoc/>
    public int CompareTo(MacAddress other) => value.CompareTo(other.value);

    /// <inheritdoc/>
    public override string ToString() => Format(':');

    /// <summary>The form with the given separator, such as iPXE's <c>aa-bb-cc-dd-ee-ff</c>.</summary>
    public string Format(char separator) => string.Create(17, (value, separator), static (span, state) =>
    {
        const string Digits = "0123456789abcdef";
        for (var i = 0; i < 6; i++)
        {
            var b = (int)(state.value >> (40 - (8 * i))) & 0xff;
            span[3 * i] = Digits[b >> 4];
            span[(3 * i) + 1] = Digits[b & 15];
            if (i < 5)
                span[(3 * i) + 2] = state.separator;
        }
    });

    public static bool operator <(MacAddress left, MacAddress right) => left.CompareTo(right) < 0;

    public static bool operator >(MacAddress left, MacAddress right) => left.CompareTo(right) > 0;

    public static bool operator <=(MacAddress left, MacAddress right) => left.CompareTo(right) <= 0;

    public static bool operator >=(MacAddress left, MacAddress right) => left.CompareTo(right) >= 0;
}
