using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Agent.Config;

namespace Cozy.Fleet.Agent.Images;

/// <summary>
/// Files by digest. A file has its name when its content has that digest; it is found when that was seen since the agent started. The sum
/// of all files is bounded: what nobody needs any more goes first, the longest unneeded one at first.
/// </summary>
internal sealed class AssetStore(string directory, long limit, TimeProvider clock)
{
    private const string Partial = ".partial";

    private readonly string directory = Directory.CreateDirectory(directory).FullName;
    private readonly ConcurrentDictionary<string, byte> verified = new();
    private readonly Lock gate = new(); // Downloads make room at the same time.
    private HashSet<string> needed = [];
    private HashSet<string> held = [];

    /// <summary>Hexadecimal and nothing else: a digest is a file name here.</summary>
    public static bool IsDigest(string sha256) => sha256.Length == 64 && sha256.All(char.IsAsciiHexDigitLower);

    /// <summary>The file with this digest; null while it is not here or was not read since the agent started.</summary>
    public string? Find(string sha256) => verified.ContainsKey(sha256) && PathOf(sha256) is { } path && File.Exists(path) ? path : null;

    /// <summary>Where a download of a digest, or of a URL without one, grows.</summary>
    public string PartialOf(string key) =>
        Path.Combine(directory, (IsDigest(key) ? key : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))) + Partial);

    /// <summary>Reads a file that an earlier run stored: what the disk made of it since is not served, but removed.</summary>
    public async Task<AssetOnDisk> CheckAsync(string sha256, CancellationToken cancellation)
    {
        if (Find(sha256) is not null)
            return AssetOnDisk.Good;
        if (PathOf(sha256) is not { } path || !File.Exists(path))
            return AssetOnDisk.Missing;
        if (await DigestAsync(path, cancellation) == sha256)
        {
            verified[sha256] = 0;
            return AssetOnDisk.Good;
        }
        File.Delete(path);
        return AssetOnDisk.Damaged;
    }

    /// <summary>Gives a whole download its name.</summary>
    /// <param name="expected">The digest that it must have; empty takes what it has.</param>
    /// <returns>Its digest.</returns>
    /// <exception cref="DigestMismatchException">It has another digest; the file is removed.</exception>
    public async Task<string> CommitAsync(string partial, string expected, CancellationToken cancellation)
    {
        var digest = await DigestAsync(partial, cancellation);
        if (expected != "" && digest != expected)
        {
            Download.Discard(partial);
            throw new DigestMismatchException(digest, expected);
        }
        using (var file = File.OpenHandle(partial, access: FileAccess.ReadWrite))
            RandomAccess.FlushToDisk(file);
        File.Move(partial, Path.Combine(directory, digest), overwrite: true);
        File.Delete(Download.TagOf(partial));
        lock (gate)
            needed.Add(digest); // Until the desired state is looked at the next time.
        verified[digest] = 0;
        return digest;
    }

    /// <summary>Says what is needed now: digests, and the keys of downloads. Half downloads of other things go at once.</summary>
    public void Need(IReadOnlySet<string> digests, IEnumerable<string> downloads)
    {
        var growing = downloads.Select(PartialOf).SelectMany(path => new[] { path, Download.TagOf(path) }).ToHashSet();
        lock (gate)
        {
            needed = [.. digests];
            foreach (var sha256 in digests)
            {
                // The longest unneeded one is the one with the oldest time.
                if (PathOf(sha256) is { } path && File.Exists(path))
                    File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime);
            }
            foreach (var file in Directory.GetFiles(directory, $"*{Partial}*").Where(file => !growing.Contains(file)))
                File.Delete(file);
        }
        MakeRoom(0);
    }

    /// <summary>Somebody used it: what was not used for the longest time goes first.</summary>
    public void Touch(string sha256)
    {
        lock (gate)
        {
            if (Find(sha256) is { } path)
                File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime);
        }
    }

    /// <summary>Says which files were made here: nobody else has them.</summary>
    public void Hold(IEnumerable<string> digests)
    {
        lock (gate)
            held = [.. digests];
    }

    /// <summary>Removes what nobody needs until so many more bytes fit.</summary>
    /// <exception cref="DownloadRefusedException">What is needed is larger than the limit.</exception>
    public void MakeRoom(long more)
    {
        lock (gate)
        {
            var files = new DirectoryInfo(directory).GetFiles();
            var sum = files.Sum(file => file.Length);
            foreach (var file in files.Where(file => IsDigest(file.Name) && !needed.Contains(file.Name) && !held.Contains(file.Name)).OrderBy(file => file.LastWriteTimeUtc))
            {
                if (sum + more <= limit)
                    break;
                verified.TryRemove(file.Name, out _);
                sum -= file.Length;
                file.Delete();
            }
            if (more > 0 && sum + more > limit)
            {
                throw new DownloadRefusedException($"the cache's limit is {ByteSizes.Text(limit)}, {ByteSizes.Text(sum)} are needed here, and this "
                    + $"takes {ByteSizes.Text(more)} more: raise assets.limit in the agent's configuration");
            }
        }
    }

    private static async Task<string> DigestAsync(string path, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
    }

    private string? PathOf(string sha256) => IsDigest(sha256) ? Path.Combine(directory, sha256) : null;
}

internal enum AssetOnDisk
{
    Missing,
    Good,

    /// <summary>It was there and had another content; it is gone.</summary>
    Damaged,
}

/// <summary>A file is not the one that was asked for.</summary>
internal sealed class DigestMismatchException(string found, string expected)
    : Exception($"it has the SHA-256 {found}, the image says {expected}")
{
    public string Found => found;

    public string Expected => expected;
}
