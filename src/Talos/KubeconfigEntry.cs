using System.IO.Compression;
using System.Text;

namespace Cozy.Fleet.Talos;

/// <summary>
/// The Kubeconfig call's answer: gzip around a tar with one entry and no trailer, so an ordinary reader may stumble over its end
/// (talos.md 0, trap 14).
/// </summary>
internal static class KubeconfigEntry
{
    private const int HeaderLength = 512;
    private const int MostBytes = 1 << 20;

    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static byte[] Unpack(byte[] packed)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            var header = new byte[HeaderLength];
            gzip.ReadExactly(header);
            // Offsets of ustar (POSIX 1003.1): the name at 0, the size as octal digits at 124.
            var name = Encoding.ASCII.GetString(header, 0, 100).TrimEnd('\0');
            var size = Convert.ToInt32(Encoding.ASCII.GetString(header, 124, 12).Trim('\0', ' '), 8);
            if (name != "kubeconfig" || size is <= 0 or > MostBytes)
                throw new InvalidDataException($"the node sent an archive that begins with '{name}' of {size} bytes instead of a kubeconfig");
            var content = new byte[size];
            gzip.ReadExactly(content);
            return content;
        }
        catch (Exception damage) when (damage is FormatException or OverflowException or ArgumentException or EndOfStreamException)
        {
            throw new InvalidDataException("the node sent an archive that cannot be read instead of a kubeconfig", damage);
        }
    }
}
