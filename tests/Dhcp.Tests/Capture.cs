using System.Runtime.CompilerServices;

namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>
/// Messages as firmware really sent them, in testdata: what `./fleet vm` boots (QEMU 7.2, Debian 12's ROMs), taken from the rack's
/// bridge. DISCOVER and REQUEST of a client are one conversation with a server at 10.77.0.1.
/// </summary>
internal static class Capture
{
    public static readonly string[] Clients =
        ["seabios-virtio-ipxe", "seabios-e1000-ipxe", "ovmf-pxe", "ovmf-http", "ovmf-snponly", "aavmf-http"];

    /// <summary>The same clients behind ISC's relay at 10.78.0.1.</summary>
    public static readonly string[] RelayedClients = ["seabios-e1000-ipxe-relayed", "ovmf-http-relayed", "aavmf-http-relayed"];

    public static byte[] Discover(string client) => Bytes($"{client}.discover.hex");

    public static byte[] Request(string client) => Bytes($"{client}.request.hex");

    // Lines of hexadecimal digits.
    private static byte[] Bytes(string name, [CallerFilePath] string here = "") => Convert.FromHexString(
        string.Concat(File.ReadLines(Path.Combine(Path.GetDirectoryName(here)!, "testdata", name))));
}
