using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.Collections;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>What is shown of an image.</summary>
internal static class ImageRows
{
    public static IReadOnlyList<Column> Columns { get; } =
    [
        CommonRows.Name,
        Column.Of<Image>("TALOS", image => image.Spec?.TalosVersion ?? ""),
        Column.Of<Image>("SCHEMATIC", image => Short(SchematicOf(image))),
        Column.Of<Image>("ARCHITECTURES", image => Architectures(AssetsOf(image))),
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
                ("Schematic", SchematicOf(image)),
                ("Installer", status.Installer != "" ? status.Installer : spec.Installer),
                ("Factory", spec.Factory?.Url ?? ""),
                ("Kernel arguments", string.Join(' ', spec.KernelArgs))),
            .. Line.Section("Assets", AssetsOf(image).Select(Asset)),
            .. Line.Section("Build", Build(status.Build)),
            .. Line.Section("Racks", status.Racks.Select(Rack)),
            .. CommonRows.Conditions(status.Conditions),
        ];
    }

    // An older coordinator shows only what was said.
    private static string SchematicOf(Image image) =>
        image.Status is { SchematicId: not "" } status ? status.SchematicId : image.Spec?.SchematicId ?? "";

    private static RepeatedField<BootAsset> AssetsOf(Image image) =>
        image.Status is { Assets.Count: > 0 } status ? status.Assets : (image.Spec ?? new()).Assets;

    private static IEnumerable<string> Build(ImageBuildStatus? build) => build is null ? [] :
    [
        $"{Words.Of(build.State)}{(build.Message == "" ? "" : $": {build.Message}")}",
        .. build.Files.Select(file => $"{file.Kind} {file.Url} sha256 {Short(file.Sha256)}"),
        .. build.Log.Select(line => $"| {line}"),
    ];

    private static string Asset(BootAsset asset) => $"{Words.Of(asset.Kind)} {Words.Of(asset.Architecture)} {asset.Url} "
        + (asset.Sha256 == "" ? "not fetched yet" : $"sha256 {Short(asset.Sha256)}");

    private static string Rack(RackImage rack) =>
        $"{rack.Rack} {(rack.Ready ? "ready" : "not ready")}{(rack.Message == "" ? "" : $": {rack.Message}")}";

    private static string Architectures(IEnumerable<BootAsset> assets) =>
        string.Join(',', assets.Select(asset => Words.Of(asset.Architecture).ToLowerInvariant()).Distinct().Order());

    // Twelve digits tell digests apart for people; -o yaml has all of them.
    private static string Short(string digest) => digest.Length > 12 ? digest[..12] : digest;
}
