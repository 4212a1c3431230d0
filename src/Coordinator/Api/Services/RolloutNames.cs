using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Rollouts;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>The name of a rollout that came without one: what is changed and to what, such as <c>c1-v1.13.1</c>.</summary>
internal sealed class RolloutNames(IRecordStore store)
{
    private const int MaximumLength = 63;

    public async Task<string> ChooseAsync(RolloutSpec spec, Mutation mutation)
    {
        var image = await store.ReadAsync(RecordKind.Images, spec.Image, mutation.Cancellation)
            ?? throw new Refusal(RefusalKind.FailedPrecondition,
                $"there is no image {spec.Image}.", "spec.talos_upgrade.image").ToRpc();
        var wanted = Short($"{spec.Cluster}-{RecordJson.Read<ImageRecord>(image.Data).Spec.TalosVersion}".ToLowerInvariant(), 0);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var rows in store.BatchesAsync(RecordKind.Rollouts, "", mutation.Cancellation))
        {
            // A repetition of a call that was cut off finds what that call had started.
            if (rows.FirstOrDefault(row => RecordJson.Read<RolloutRecord>(row.Data).Metadata.Uid == mutation.Uid) is { } mine)
                return mine.Name;
            taken.UnionWith(rows.Select(row => row.Name));
        }
        return Free(wanted, taken);
    }

    private static string Free(string wanted, HashSet<string> taken)
    {
        var name = wanted;
        for (var number = 2; taken.Contains(name); number++)
        {
            var suffix = $"-{number}";
            name = Short(wanted, suffix.Length) + suffix;
        }
        return name;
    }

    private static string Short(string name, int reserve) =>
        name.Length <= MaximumLength - reserve ? name : name[..(MaximumLength - reserve)].TrimEnd('-', '.');
}
