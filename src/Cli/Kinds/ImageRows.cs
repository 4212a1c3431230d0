using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>What is shown of an image.</summary>
internal static class ImageRows
{
    public static IReadOnlyList<Column> Columns { get; } =
    [
        CommonRows.Name,
        Column.Of<Image>("TALOS", image => image.Spec?.TalosVersion ?? ""),
        Column.Of<Image>("SCHEMATIC", image => Short(image.Spec?.SchematicId ?? "")),
        Column.Of<Image>("ARCHITECTURES", image => Architectures(image.Spec)),
        Column.Of<Image>("RACKS READY", image =>
            image.Status is { } status ? $"{status.Racks.Count(rack => rack.Ready)}/{status.Racks.Count}" : ""),
        CommonRows.Age,
    ];

    public static IEnumerable<Line> Describe(Image image)
    {
        var (spec, status) = (image.Spec ?? new(), image.Status ?? new());
        return
        [
            .. Line.Pairs(
                ("Talos", spec.TalosVersion),
                ("Schematic", spec.SchematicId),
                ("Installer", spec.Installer),
                ("Kernel arguments", string.Join(' ', spec.KernelArgs))),
            .. Line.Section("Assets", spec.Assets.Select(asset =>
                $"{Words.Of(asset.Kind)} {Words.Of(asset.Architecture)} {asset.Url} sha256 {Short(asset.Sha256)}")),
            .. Line.Section("Racks", status.Racks.Select(Rack)),
            .. CommonRows.Conditions(status.Conditions),
        ];
    }

    private static string Rack(RackImage rack) =>
        $"{rack.Rack} {(rack.Ready ? "ready" : "not ready")}{(rack.Message == "" ? "" : $": {rack.Message}")}";

    private static string Architectures(ImageSpec? spec) =>
        string.Join(',', (spec?.Assets ?? []).Select(asset => Words.Of(asset.Architecture).ToLowerInvariant()).Distinct().Order());

    // Twelve digits tell digests apart for people; -o yaml has all of them.
    private static string Short(string digest) => digest.Length > 12 ? digest[..12] : digest;
}
