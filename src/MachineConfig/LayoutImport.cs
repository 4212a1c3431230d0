using System.Diagnostics.CodeAnalysis;
using Cozy.Fleet.MachineConfig.Layouts;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Reads what talosctl, talm, topf and talhelper leave in a directory (talos.md 8.2, 8.3). Nothing is decrypted, rendered or run here:
/// what another tool has to open or to fill in first is refused, with the command for it.
/// </summary>
public static class LayoutImport
{
    /// <summary>Reads a directory.</summary>
    /// <param name="files">All text files of it; those that belong to no layout are ignored.</param>
    /// <param name="refusal">One sentence with the file's path; empty when there is none.</param>
    public static bool TryRead(IEnumerable<LayoutFile> files, [NotNullWhen(true)] out ImportedCluster? cluster, out string refusal)
    {
        (cluster, refusal) = (null, "");
        try
        {
            cluster = Read(new([.. files]));
            return true;
        }
        catch (FormatException exception)
        {
            refusal = exception.Message;
            return false;
        }
    }

    private static ImportedCluster Read(LayoutFiles directory) =>
        directory.Has("topf.yaml") ? TopfLayout.Read(directory)
        : directory.Has("talconfig.yaml") ? TalhelperLayout.Read(directory)
        : directory.Has("Chart.yaml") ? TalmLayout.Read(directory)
        : directory.Has("controlplane.yaml") ? TalosctlLayout.Read(directory)
        : throw new FormatException(
            "None of controlplane.yaml (talosctl), Chart.yaml (talm), topf.yaml (topf) and talconfig.yaml (talhelper) is there.");
}
