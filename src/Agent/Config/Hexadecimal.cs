using System.Text;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Bytes as people write them in the configuration, as lower-case digits.</summary>
internal static class Hexadecimal
{
    /// <summary>Pairs of digits, with 0x before them or colons between them, or neither.</summary>
    public static (string Hex, string? Refusal) OfBytes(string text)
    {
        var digits = (text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text).Replace(":", "", StringComparison.Ordinal);
        return digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit)
            ? (digits.ToLowerInvariant(), null) : ("", "is not pairs of hexadecimal digits");
    }

    /// <summary>Text as it stands, or bytes behind 0x: switches write a port in either way.</summary>
    public static (string Hex, string? Refusal) OfText(string text) =>
        !text.StartsWith("0x", StringComparison.Ordinal) ? (Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)), null)
            : OfBytes(text) is ({ Length: > 0 } hex, null) ? (hex, null)
            : ("", "is not text, nor pairs of hexadecimal digits behind 0x");
}
