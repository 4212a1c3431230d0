namespace Cozy.Fleet.Tftp;

/// <summary>The text form of RFC 764 that mode netascii sends: LF becomes CR LF, CR becomes CR NUL.</summary>
public static class Netascii
{
    public static byte[] Encode(ReadOnlySpan<byte> text)
    {
        var encoded = new List<byte>(text.Length + 16);
        foreach (var b in text)
        {
            if (b == '\n')
                encoded.Add((byte)'\r');
            encoded.Add(b);
            if (b == '\r')
                encoded.Add(0);
        }
        return [.. encoded];
    }
}
