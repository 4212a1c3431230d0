using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Images;

/// <summary>Which files and which installer an Image Factory has for a schematic and a version (talos.md 9.2).</summary>
public static class ImageSource
{
    // Before, the factory's installers are not named after a platform.
    private static readonly SemanticVersion PlatformInstallers = SemanticVersion.Parse("v1.10.0-alpha.0");

    public static ImageSpec Resolve(ImageSpec spec, EquatableArray<AssetPin> pins)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Factory is not { } factory)
            return spec;
        var schematic = spec.SchematicId != "" ? spec.SchematicId : factory.SchematicId;
        var made = Architectures(factory).SelectMany(architecture => new[] { AssetKind.Kernel, AssetKind.Initramfs }
            .Select(kind => Asset(spec, $"{factory.Url}/image/{schematic}/{spec.TalosVersion}", (kind, architecture), pins)));
        return spec with
        {
            SchematicId = schematic,
            Installer = spec.Installer != "" ? spec.Installer : Installer(factory, schematic, spec.TalosVersion),
            Assets = made.ToEquatableArray(),
        };
    }

    /// <summary>With what was built, once it is there.</summary>
    public static ImageSpec Resolve(ImageSpec spec, ImagerBuild imager, BuiltFiles? built)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(imager);
        if (built is null || built.Id != imager.Id)
            return spec;
        var architecture = imager.Profile.Arch == "arm64" ? Architecture.Arm64 : Architecture.Amd64;
        return spec with
        {
            Assets = built.Files.Where(f => f.Kind is ImagerBuild.Kernel or ImagerBuild.Initramfs)
                .Select(f => new BootAsset(f.Kind == ImagerBuild.Kernel ? AssetKind.Kernel : AssetKind.Initramfs, architecture, f.Url, f.Sha256))
                .ToEquatableArray(),
        };
    }

    /// <summary>Keeps the first digest that was seen of each file that has no checksum; the same record when there is nothing new.</summary>
    public static ImageRecord Pin(ImageRecord image, string rack, IEnumerable<(string Url, string Sha256)> seen, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(image);
        var open = image.Effective.Assets.Where(a => a.Sha256 == "").Select(a => a.Url).ToHashSet();
        var fresh = seen.Where(s => open.Contains(s.Url)).DistinctBy(s => s.Url).Select(s => new AssetPin(s.Url, s.Sha256, rack, now)).ToArray();
        return fresh.Length == 0 ? image : image with { Pins = image.Pins.Concat(fresh).ToEquatableArray() };
    }

    /// <summary>The pins that still belong to a file of the image; a file that another version brings is another file.</summary>
    public static EquatableArray<AssetPin> Remaining(ImageSpec spec, EquatableArray<AssetPin> pins)
    {
        var urls = Resolve(spec, []).Assets.Select(a => a.Url).ToHashSet();
        return pins.Where(pin => urls.Contains(pin.Url)).ToEquatableArray();
    }

    private static EquatableArray<Architecture> Architectures(FactorySource factory) =>
        factory.Architectures.Count > 0 ? factory.Architectures : [Architecture.Amd64];

    private static BootAsset Asset(
        ImageSpec spec, string place, (AssetKind Kind, Architecture Architecture) which, EquatableArray<AssetPin> pins)
    {
        var word = which.Architecture.ToString().ToLowerInvariant();
        var url = which.Kind == AssetKind.Kernel ? $"{place}/kernel-{word}" : $"{place}/initramfs-{word}.xz";
        var given = spec.Assets.FirstOrDefault(a => (a.Kind, a.Architecture) == which);
        return new(which.Kind, which.Architecture, given is { Url: not "" } ? given.Url : url,
            given?.Sha256 ?? pins.FirstOrDefault(p => p.Url == url)?.Sha256 ?? "");
    }

    private static string Installer(FactorySource factory, string schematic, string version)
    {
        var name = SemanticVersion.Parse(version) >= PlatformInstallers ? "metal-installer" : "installer";
        return $"{new Uri(factory.Url).Authority}/{name}/{schematic}:{version}";
    }
}
