using System.Globalization;
using System.Text;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Reads an option by its number: <c>{code: 150, type: ip-list, value: [10.1.0.1]}</c>.</summary>
internal static class NumberedOptionReader
{
    private delegate (byte[] Bytes, string? Refusal) Parse(List<string> values);

    private static readonly (string Word, Parse Parse)[] Types =
    [
        ("ip", Addresses),
        ("ip-list", Addresses),
        ("u8", values => Number(values[0], 1)),
        ("u16", values => Number(values[0], 2)),
        ("u32", values => Number(values[0], 4)),
        ("bool", values => values[0] is "true" or "false" ? ([values[0] == "true" ? (byte)1 : (byte)0], null) : ([], "is neither true nor false")),
        ("string", values => Ascii.IsValid(values[0]) ? (Encoding.ASCII.GetBytes(values[0]), null) : ([], "has characters beyond ASCII")),
        ("hex", values => Hex(values[0])),
    ];

    /// <summary>Null when it was refused.</summary>
    public static OptionValue? Read(ConfigNode node)
    {
        node.Required("code");
        var code = (byte)node.Number("code", 0, 1, 254);
        var parse = node.Choice("type", Types[0].Parse, [.. Types]);
        var isList = node.Required("type") == "ip-list";
        var always = node.Flag("always", false);
        var values = node.List<string>("value", text => (text, null));
        node.EndOfKeys();
        if (KeyOf(code) is { } key)
            node.Refuse("code", $"option {code} {key}");
        if (values.Count == 0 || (values.Count > 1 && !isList))
        {
            node.Refuse("value", values.Count == 0 ? "give the option's value" : "only ip-list takes several values");
            return null;
        }
        var (bytes, refusal) = parse(values);
        if (bytes.Length > OptionFormat.MaximumLength)
            refusal = $"takes {bytes.Length} bytes; an option holds {OptionFormat.MaximumLength}";
        if (refusal is null && bytes.Length > 0)
            return new(code, bytes, always);
        node.Refuse("value", $"'{string.Join(", ", values)}' {refusal ?? "is empty"}");
        return null;
    }

    // What the server writes by itself would stand there twice, or would be a lie.
    private static string? KeyOf(byte code) => code switch
    {
        DhcpOption.SubnetMask => "follows from the subnet's network",
        DhcpOption.HostName => "is the key hostname of a reservation",
        DhcpOption.LeaseTime or DhcpOption.RenewalTime or DhcpOption.RebindingTime => "follows from the subnet's leaseTime",
        DhcpOption.RequestedAddress or DhcpOption.Overload or DhcpOption.MessageType or DhcpOption.ServerIdentifier
            or DhcpOption.ParameterRequestList or DhcpOption.Message or DhcpOption.MaximumSize or DhcpOption.VendorClass
            or DhcpOption.ClientIdentifier or DhcpOption.BootFileName or DhcpOption.UserClass or DhcpOption.RelayAgentInformation
            or DhcpOption.ClientArchitecture or DhcpOption.ClientNdi or DhcpOption.ClientMachineId or DhcpOption.SubnetSelection
            => "is written by the server itself, or by clients only",
        _ => null,
    };

    private static (byte[], string?) Addresses(List<string> values)
    {
        var parsed = values.Select(OptionReader.ParseAddress).ToArray();
        var refusal = Array.Find(parsed, p => p.Item2 is not null).Item2;
        return (OptionFormat.Addresses([.. parsed.Select(p => p.Item1)]), refusal);
    }

    private static (byte[], string?) Number(string text, int size)
    {
        var maximum = (1L << (8 * size)) - 1;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= maximum
            ? (OptionFormat.Number(number, size), null)
            : ([], $"is not a number from 0 to {maximum}");
    }

    private static (byte[], string?) Hex(string text)
    {
        var digits = text.Replace(":", "", StringComparison.Ordinal);
        digits = digits.StartsWith("0x", StringComparison.Ordinal) ? digits[2..] : digits;
        return digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit)
            ? (Convert.FromHexString(digits), null)
            : ([], "is not pairs of hexadecimal digits");
    }
}
