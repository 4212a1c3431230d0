using System.Buffers.Binary;
using System.Text;

namespace Cozy.Fleet.Dhcp;

/// <summary>How values of options stand on the wire.</summary>
public static class OptionFormat
{
    /// <summary>What one option can hold; firmware does not understand split ones (netboot.md 4).</summary>
    public const int MaximumLength = 255;

    // A compression pointer of RFC 1035 4.1.4.
    private const int Pointer = 0xc000;

    public static byte[] Addresses(IReadOnlyList<uint> addresses)
    {
        var bytes = new byte[4 * addresses.Count];
        for (var i = 0; i < addresses.Count; i++)
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 * i), addresses[i]);
        return bytes;
    }

    /// <summary>An unsigned number, or a signed one in two's complement.</summary>
    /// <param name="size">1, 2 or 4 bytes.</param>
    public static byte[] Number(long value, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes[^size..].ToArray();
    }

    /// <summary>Static routes (RFC 3442): the width, the network's significant bytes, the router.</summary>
    public static byte[] Routes(IReadOnlyList<StaticRoute> routes) =>
        [.. routes.SelectMany(r => (byte[])[(byte)r.PrefixLength, .. Addresses([r.Network])[..((r.PrefixLength + 7) / 8)], .. Addresses([r.Router])])];

    /// <summary>A domain search list (RFC 3397): names as in RFC 1035 4.1.4, where a tail that was written before is pointed to.</summary>
    public static byte[] Names(IReadOnlyList<string> names)
    {
        var bytes = new List<byte>();
        var seen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in names)
            AddName(name, bytes, seen);
        return [.. bytes];
    }

    // A client that takes routes ignores its router (RFC 3442): the default route stands among them, unless there is one already.
    internal static OptionSet WithDefaultRoute(OptionSet options)
    {
        if (options[DhcpOption.Routers] is not { Bytes: [_, _, _, _, ..] routers }
            || (options[DhcpOption.ClasslessRoutes] ?? options[DhcpOption.MicrosoftClasslessRoutes]) is null)
            return options;
        var completed = new[] { DhcpOption.ClasslessRoutes, DhcpOption.MicrosoftClasslessRoutes }.Select(code => options[code]).OfType<OptionValue>()
            .Where(o => !HasDefault(o.Bytes) && o.Bytes.Length + 5 <= MaximumLength)
            .Select(o => o with { Bytes = [.. o.Bytes, 0, .. routers[..4]] }).ToArray();
        return completed.Length == 0 ? options : OptionSet.Of(completed).Over(options);
    }

    private static bool HasDefault(byte[] routes)
    {
        var at = 0;
        while (at < routes.Length && routes[at] != 0)
            at += 1 + ((routes[at] + 7) / 8) + 4;
        return at < routes.Length;
    }

    private static void AddName(string name, List<byte> bytes, Dictionary<string, int> seen)
    {
        for (var rest = name; rest != ""; rest = rest.Contains('.') ? rest[(rest.IndexOf('.') + 1)..] : "")
        {
            if (seen.TryGetValue(rest, out var before))
            {
                bytes.AddRange(Number(Pointer | before, 2));
                return;
            }
            seen[rest] = bytes.Count;
            var label = rest.Split('.')[0];
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }
        bytes.Add(0);
    }
}

/// <summary>A way to another network: everything in it goes through the router.</summary>
/// <param name="PrefixLength">0 for the default route, up to 32.</param>
public sealed record StaticRoute(uint Network, int PrefixLength, uint Router);
