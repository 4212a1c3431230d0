using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Validation;
using Cozy.Fleet.Coordinator.Configs;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Clusters;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>Writes fleet patches. Nobody is told: a config is made when it is asked for, and what differs then is pending.</summary>
internal sealed class FleetPatchTarget(IRecordStore store, FleetPatchCheck check) : IResourceTarget<V1.FleetPatch>
{
    private readonly PlainRecords<FleetPatchRecord> records = new(store, RecordKind.FleetPatches, "fleet patch");

    public void Check(V1.FleetPatch asked, Problems problems) => SpecRules.Check(asked.Spec, problems);

    public async Task<Answer<V1.FleetPatch>> CreateAsync(V1.FleetPatch asked, ResourceMetadata metadata, bool validateOnly)
    {
        var patch = new FleetPatchRecord(metadata, asked.Spec.ToRecord());
        return await check.ProblemAsync(patch, CancellationToken.None) is { } problem
            ? problem : Shown(await records.CreateAsync(metadata.Name, patch, validateOnly));
    }

    public async Task<Answer<V1.FleetPatch>> UpdateAsync(V1.FleetPatch merged, ResourceMetadata metadata, string etag, bool validateOnly)
    {
        var spec = merged.Spec.ToRecord();
        if (await check.ProblemAsync(new(metadata, spec), CancellationToken.None) is { } problem)
            return problem;
        return Shown(await records.UpdateAsync(metadata.Name, etag, old => old with
        {
            Spec = spec,
            Metadata = old.Metadata.Updated(metadata, old.Spec != spec, metadata.UpdateTime),
        }, validateOnly));
    }

    public Task<Refusal?> DeleteAsync(string name, string etag) =>
        records.DeleteAsync(name, etag, () => Task.FromResult<Refusal?>(null));

    private static Answer<V1.FleetPatch> Shown(Answer<FleetPatchRecord> answer) =>
        answer.Accepted(out var patch, out var refusal) ? patch.ToProto("") : refusal;
}
