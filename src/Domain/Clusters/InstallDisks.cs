using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>Resolves the disk to install on to exactly one, or says why not (rollouts.md 1.4).</summary>
public static class InstallDisks
{
    /// <returns>The device, or an empty text and the reason, which names the disks.</returns>
    public static (string Device, string Reason) Choose(NodeRecord node, ClusterSpec spec)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(spec);
        var disks = (node.Facts?.Disks ?? []).Where(d => !d.ReadOnly).ToArray();
        var wanted = node.Spec.InstallDisk != "" ? node.Spec.InstallDisk : spec.InstallDisk;
        if (wanted != "")
        {
            return disks.Any(d => d.Device == wanted) ? (wanted, "")
                : ("", $"disk {wanted} is not there; the node has {Names(disks)}");
        }

        var large = disks.Where(d => d.SizeBytes >= spec.InstallMinimumSizeBytes).ToArray();
        if (large.Length == 0)
            return ("", $"no disk has {spec.InstallMinimumSizeBytes} bytes or more; the node has {Names(disks)}");
        var smallest = large.Min(d => d.SizeBytes);
        var fits = large.Where(d => d.SizeBytes == smallest).ToArray();
        return fits.Length == 1 ? (fits[0].Device, "")
            : ("", $"{Names(fits)} fit equally; name one in spec.install_disk of the node");
    }

    private static string Names(Disk[] disks) =>
        disks.Length == 0 ? "no writable disk" : string.Join(", ", disks.Select(d => $"{d.Device} ({d.SizeBytes} bytes)"));
}
