using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.MachineConfig.Images;
using Cozy.Fleet.Primitives;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class ImageMap
{
    public static V1.Image ToProto(this ImageRecord image, string etag, IEnumerable<V1.RackImage> racks)
    {
        var effective = image.Effective;
        var status = new V1.ImageStatus { Installer = effective.Installer, SchematicId = effective.SchematicId };
        status.Assets.Add(effective.Assets.Select(ToProto));
        status.Racks.Add(racks);
        return new() { Metadata = image.Metadata.ToProto(etag), Spec = image.Spec.ToProto(), Status = status };
    }

    public static V1.ImageSpec ToProto(this ImageSpec spec)
    {
        var proto = new V1.ImageSpec
        {
            TalosVersion = spec.TalosVersion, SchematicId = spec.SchematicId, Installer = spec.Installer,
        };
        proto.Assets.Add(spec.Assets.Select(ToProto));
        proto.KernelArgs.Add(spec.KernelArgs);
        proto.Factory = spec.Factory is null ? null : ToProto(spec.Factory);
        proto.Imager = spec.Imager is null ? null : ImagerMap.ToProto(spec.Imager);
        return proto;
    }

    public static ImageSpec ToRecord(this V1.ImageSpec? spec) => new(
        spec?.TalosVersion ?? "", spec?.SchematicId ?? "", spec?.Installer ?? "",
        (spec?.Assets ?? []).Select(ToRecord).ToEquatableArray(), (spec?.KernelArgs ?? []).ToEquatableArray())
    {
        Factory = spec?.Factory is { } factory ? ToRecord(factory) : null,
        Imager = spec?.Imager is { } imager ? ImagerMap.ToRecord(imager) : null,
    };

    // The text was checked; a schematic that cannot be read has no id.
    private static FactorySource ToRecord(V1.FactorySource factory) => new(
        factory.Url.TrimEnd('/'), factory.Schematic,
        factory.Schematic != "" && Schematic.TryRead(factory.Schematic, "", out var schematic, out _) ? schematic.Id : "",
        factory.Architectures.Select(EnumMap<V1.Architecture, Domain.Nodes.Architecture>.Of).ToEquatableArray());

    private static V1.FactorySource ToProto(FactorySource factory)
    {
        var proto = new V1.FactorySource { Url = factory.Url, Schematic = factory.Schematic };
        proto.Architectures.Add(factory.Architectures.Select(EnumMap<Domain.Nodes.Architecture, V1.Architecture>.Of));
        return proto;
    }

    private static V1.BootAsset ToProto(BootAsset asset) => new()
    {
        Kind = EnumMap<AssetKind, V1.AssetKind>.Of(asset.Kind),
        Architecture = EnumMap<Domain.Nodes.Architecture, V1.Architecture>.Of(asset.Architecture),
        Url = asset.Url,
        Sha256 = asset.Sha256,
    };

    private static BootAsset ToRecord(V1.BootAsset asset) => new(
        EnumMap<V1.AssetKind, AssetKind>.Of(asset.Kind),
        EnumMap<V1.Architecture, Domain.Nodes.Architecture>.Of(asset.Architecture), asset.Url, asset.Sha256);
}
