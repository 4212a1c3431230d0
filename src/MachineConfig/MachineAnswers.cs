using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>What an operator answers for one machine (talos.md 8.2).</summary>
/// <param name="InstallDisk">A device path.</param>
/// <param name="Link">The link with the addresses: a card, or the name of the bond.</param>
public sealed record MachineAnswers(MachineType Type, string Hostname, string InstallDisk, string Link)
{
    // What a node lists as disks and nobody installs to.
    private static readonly string[] NoDisks = ["zd", "drbd", "loop", "sr", "dm-", "md", "ram", "zram"];

    /// <summary>With the length of their network, such as 10.0.0.11/24; with none the link asks DHCP.</summary>
    public EquatableArray<string> Addresses { get; init; } = [];

    /// <summary>Empty for none.</summary>
    public string Gateway { get; init; } = "";

    public EquatableArray<string> NameServers { get; init; } = [];

    /// <summary>The virtual address that control planes share; empty for none.</summary>
    public string SharedAddress { get; init; } = "";

    /// <summary>How the link is bonded; null when it is a card.</summary>
    public BondSettings? Bond { get; init; }

    /// <summary>The answers that change nothing about how the node was found.</summary>
    public static MachineAnswers From(NodeFacts facts, MachineType type)
    {
        var link = facts.Links.FirstOrDefault(l => l.Name == facts.DefaultLink);
        var disks = facts.Disks.Where(d => !d.ReadOnly && !d.CdRom && !Array.Exists(NoDisks, prefix => IsNamed(d, prefix))).ToList();
        var disk = facts.SystemDisk != "" ? facts.SystemDisk : disks is [var only] ? only.Device : "";
        return new(type, facts.Hostname, disk, facts.DefaultLink)
        {
            Addresses = link?.Addresses ?? [],
            Gateway = facts.Gateway,
            NameServers = facts.NameServers,
            Bond = link?.Bond,
        };
    }

    /// <summary>The URL of the Kubernetes API of a new cluster: at the shared address, else at the first one. Null without both.</summary>
    public Uri? Endpoint =>
        (SharedAddress != "" ? SharedAddress : Addresses is [var first, ..] ? first.Split('/')[0] : "") is { Length: > 0 } host
            ? new($"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:6443")
            : null;

    private static bool IsNamed(DiskFacts disk, string prefix) => disk.Device.StartsWith($"/dev/{prefix}", StringComparison.Ordinal);
}
