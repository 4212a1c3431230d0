using System.Globalization;
using System.Text;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Reads an option by its number: <c>{code: 150, type: ip-list, value: [10.1.0.1]}</c>.</summary>
internal static class NumberedOptionReader
{
    private delegate (byte[] Bytes, string? Refusal) Parse(List<string> values, OptionDialect dialect);

    private static readonly (string Word, Parse Parse)[] Types =
    [
        ("ip", Addresses),
        ("ip-list", Addresses),
        ("u8", (values, _) => Number(values[0], 1)),
        ("u16", (values, _) => Number(values[0], 2)),
        ("u32", (values, _) => Number(values[0], 4)),
        ("bool", (values, _) =>
            values[0] is "true" or "false" ? ([values[0] == "true" ? (byte)1 : (byte)0], null) : ([], "is neither true nor false")),
        ("string", (values, _) =>
            Ascii.IsValid(values[0]) ? (Encoding.ASCII.GetBytes(values[0]), null) : ([], "has characters beyond ASCII")),
        ("hex", (values, _) => Hexadecimal.OfBytes(values[0]) is (var hex, var refusal) ? (Convert.FromHexString(hex), refusal) : default),
    ];

    /// <summary>Null when it was refused.</summary>
    public static OptionValue? Read(ConfigNode node, OptionDialect dialect)
    {
        node.Required("code");
        var code = (ushort)node.Number("code", 0, 1, dialect.Last);
        var parse = node.Choice("type", Types[0].Parse, [.. Types]);
        var isList = node.Required("type") == "ip-list";
        var always = node.Flag("always", false);
        var values = node.List<string>("value", text => (text, null));
        node.EndOfKeys();
        // Zero was refused as a number already.
        if (code > 0 && dialect.Prohibition(code) is { } prohibition)
            node.Refuse("code", $"option {code} {prohibition}");
        if (values.Count == 0 || (values.Count > 1 && !isList))
        {
            node.Refuse("value", values.Count == 0 ? "give the option's value" : "only ip-list takes several values");
            return null;
        }
        var (bytes, refusal) = parse(values, dialect);
        if (bytes.Length > dialect.MaximumLength)
            refusal = $"takes {bytes.Length} bytes; an option holds {dialect.MaximumLength}";
        if (refusal is null && bytes.Length > 0)
            return new(code, bytes, always);
        node.Refuse("value", $"'{string.Join(", ", values)}' {refusal ?? "is empty"}");
        return null;
    }

    private static (byte[], string?) Addresses(List<string> values, OptionDialect dialect)
    {
        var parsed = values.Select(dialect.Address).ToArray();
        return ([.. parsed.SelectMany(p => p.Bytes)], Array.Find(parsed, p => p.Refusal is not null).Refusal);
    }

    private static (byte[], string?) Number(string text, int size)
    {
        var maximum = (1L << (8 * size)) - 1;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= maximum
            ? (OptionFormat.Number(number, size), null)
            : ([], $"is not a number from 0 to {maximum}");
    }
}
