using Cozy.Fleet.Coordinator.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Healthy while records can be read.</summary>
internal sealed class StorageCheck(IRecordStore store) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        // What it throws makes the check unhealthy, with the reason.
        await store.ListAsync(RecordKind.Racks, "", 1, cancellationToken);
        return HealthCheckResult.Healthy();
    }
}
