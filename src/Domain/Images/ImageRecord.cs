using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Images;

public enum AssetKind
{
    Kernel,
    Initramfs,
}

/// <summary>A file that machines load at network boot.</summary>
/// <param name="Sha256">Empty while nobody named it and the file was not fetched yet; it is not served then.</param>
public sealed record BootAsset(AssetKind Kind, Architecture Architecture, string Url, string Sha256);

/// <summary>An Image Factory, and what is asked of it.</summary>
/// <param name="Url">Without a slash at its end.</param>
/// <param name="Schematic">Its YAML; empty when only the id is known.</param>
public sealed record FactorySource(string Url, string Schematic, string SchematicId, EquatableArray<Architecture> Architectures);

/// <summary>What is booted and installed: a Talos version with a schematic, its installer, and its boot assets.</summary>
public sealed record ImageSpec(string TalosVersion, string SchematicId, string Installer,
    EquatableArray<BootAsset> Assets, EquatableArray<string> KernelArgs)
{
    public FactorySource? Factory { get; init; }

    public ImagerBuild? Imager { get; init; }
}

/// <summary>What a file had that came without a checksum, and where it was seen first. It may not change from then on.</summary>
public sealed record AssetPin(string Url, string Sha256, string Rack, DateTimeOffset Time);

/// <summary>An image. Stored as it is; racks report how far their caches are.</summary>
public sealed record ImageRecord(ResourceMetadata Metadata, ImageSpec Spec)
{
    public EquatableArray<AssetPin> Pins { get; init; }

    /// <summary>What was built of it last.</summary>
    public BuiltFiles? Built { get; init; }

    /// <summary>The spec with everything that its source adds: what machines boot and nodes install.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public ImageSpec Effective => Spec.Imager is { } imager ? ImageSource.Resolve(Spec, imager, Built) : ImageSource.Resolve(Spec, Pins);
}
