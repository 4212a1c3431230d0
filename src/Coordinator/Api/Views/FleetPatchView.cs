using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Clusters;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Views;

internal sealed class FleetPatchView() : ResourceView<V1.FleetPatch>(RecordKind.FleetPatches, "fleet patch")
{
    public override ValueTask<IReadOnlyList<V1.FleetPatch>> ShowAsync(
        IReadOnlyList<StoredRecord> rows, CancellationToken cancellationToken) =>
        new([.. rows.Select(row => RecordJson.Read<FleetPatchRecord>(row.Data).ToProto(row.Etag))]);
}
