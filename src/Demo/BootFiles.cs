using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Demo;

/// <summary>
/// What the simulated machines load. They check names, lengths and digests and read a kernel's first line; nobody runs the bytes, so
/// these stand in for iPXE, kernel and initramfs and need no download.
/// </summary>
internal static class BootFiles
{
    /// <summary>Loaders with the names and about the sizes of Debian's ipxe package.</summary>
    public static async Task WriteLoadersAsync(string directory, Random random, CancellationToken cancellation)
    {
        await WriteAsync(Path.Combine(directory, "undionly.kpxe"), "loader for simulated BIOS machines", 72 << 10, random, cancellation);
        await WriteAsync(Path.Combine(directory, "snponly.efi"), "loader for simulated UEFI machines", 220 << 10, random, cancellation);
    }

    /// <summary>Kernel and initramfs of one Talos version.</summary>
    public static async Task<IReadOnlyList<BootAsset>> WriteImageAsync(
        string directory, SemanticVersion version, Random random, CancellationToken cancellation)
    {
        var files = new[] { (AssetKind.Kernel, $"kernel-{version}"), (AssetKind.Initramfs, $"initramfs-{version}") };
        var assets = new List<BootAsset>();
        foreach (var (kind, name) in files)
        {
            var file = Path.Combine(directory, name);
            var digest = await WriteAsync(file, $"simulated Talos {version}", 512 << 10, random, cancellation);
            assets.Add(new() { Kind = kind, Architecture = Architecture.Amd64, Url = new Uri(file).AbsoluteUri, Sha256 = digest });
        }
        return assets;
    }

    private static async Task<string> WriteAsync(string file, string title, int size, Random random, CancellationToken cancellation)
    {
        var bytes = new byte[size];
        random.NextBytes(bytes);
        Encoding.ASCII.GetBytes(title + "\n").CopyTo(bytes, 0);
        await File.WriteAllBytesAsync(file, bytes, cancellation);
        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }
}
