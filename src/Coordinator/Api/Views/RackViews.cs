using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Racks;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Views;

/// <summary>Racks, with what their agents said last. Liveness is asked when it is shown: it is never stored.</summary>
internal sealed class RackView(IRecordStore store, IGrainFactory grains) : ResourceView<V1.Rack>(RecordKind.Racks, "rack")
{
    public override async ValueTask<IReadOnlyList<V1.Rack>> ShowAsync(
        IReadOnlyList<StoredRecord> rows, CancellationToken cancellationToken)
    {
        var images = await store.ReadAllAsync<ImageRecord>(RecordKind.Images, cancellationToken);
        var agents = await Task.WhenAll(rows.Select(row => grains.GetGrain<IRackGrain>(row.Name).Liveness()));
        return [.. rows.Zip(agents, (row, agent) => RecordJson.Read<RackRecord>(row.Data).ToProto(row.Etag, agent, images))];
    }
}

/// <summary>Images, with the state of every rack's cache.</summary>
internal sealed class ImageView(IRecordStore store, IGrainFactory grains) : ResourceView<V1.Image>(RecordKind.Images, "image")
{
    public override async ValueTask<IReadOnlyList<V1.Image>> ShowAsync(
        IReadOnlyList<StoredRecord> rows, CancellationToken cancellationToken)
    {
        var racks = await store.ReadAllAsync<RackRecord>(RecordKind.Racks, cancellationToken);
        var agents = await Task.WhenAll(racks.Select(async rack =>
            (rack.Metadata.Name, Agent: await grains.GetGrain<IRackGrain>(rack.Metadata.Name).Liveness())));
        return [.. rows.Select(row => Show(row, agents))];
    }

    private static V1.Image Show(StoredRecord row, (string Name, AgentLiveness? Agent)[] agents)
    {
        var image = RecordJson.Read<ImageRecord>(row.Data);
        var shown = image.ToProto(row.Etag, agents.Select(a => ImageCache.InRack(a.Name, a.Agent, image)).OfType<V1.RackImage>());
        shown.Status.Build = ImagerMap.Status(image, agents.FirstOrDefault(a => a.Name == image.Spec.Imager?.Rack).Agent);
        return shown;
    }
}
