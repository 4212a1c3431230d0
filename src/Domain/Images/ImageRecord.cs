using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Images;

public enum AssetKind
{
    Kernel,
    Initramfs,
}

/// <summary>A file that machines load at network boot.</summary>
public sealed record BootAsset(AssetKind Kind, Architecture Architecture, string Url, string Sha256);

/// <summary>What is booted and installed: a Talos version with a schematic, its installer, and its boot assets.</summary>
public sealed record ImageSpec(string TalosVersion, string SchematicId, string Installer,
    EquatableArray<BootAsset> Assets, EquatableArray<string> KernelArgs);

/// <summary>An image. Stored as it is; racks report how far their caches are.</summary>
public sealed record ImageRecord(ResourceMetadata Metadata, ImageSpec Spec);
