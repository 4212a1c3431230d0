using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Primitives;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class ImageMap
{
    public static V1.Image ToProto(this ImageRecord image, string etag, IEnumerable<V1.RackImage> racks)
    {
        var status = new V1.ImageStatus();
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
        return proto;
    }

    public static ImageSpec ToRecord(this V1.ImageSpec? spec) => new(
        spec?.TalosVersion ?? "", spec?.SchematicId ?? "", spec?.Installer ?? "",
        (spec?.Assets ?? []).Select(ToRecord).ToEquatableArray(), (spec?.KernelArgs ?? []).ToEquatableArray());

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
