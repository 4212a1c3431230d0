using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>The config that a node was last given; what is different on the node is drift. It is large, so it is no part of the node.</summary>
public interface IAppliedConfigGrain : IGrainWithStringKey
{
    /// <summary>Stores the config, sealed, before it is sent. The same one again changes nothing.</summary>
    Task Set(string cluster, string config);
}

/// <param name="Digest">SHA-256 of the text, to tell whether it is the same without opening it.</param>
internal sealed record AppliedConfig(string Cluster, string Sealed, string Digest, DateTimeOffset Time)
{
    /// <summary>What the sealed text is bound to.</summary>
    public static string Purpose(string cluster, string node) => $"clusters/{cluster}/configs/{node}";
}

internal sealed class AppliedConfigGrain(
    [PersistentState(RecordKind.AppliedConfigs, "fleet")] IPersistentState<AppliedConfig> state, ISecretSeal seal, TimeProvider time)
    : Grain, IAppliedConfigGrain
{
    public async Task Set(string cluster, string config)
    {
        var text = Encoding.UTF8.GetBytes(config);
        var digest = Convert.ToHexStringLower(SHA256.HashData(text));
        if (state.RecordExists && state.State.Cluster == cluster && state.State.Digest == digest)
            return;
        var purpose = AppliedConfig.Purpose(cluster, this.GetPrimaryKeyString());
        try
        {
            state.State = new(cluster, seal.Seal(purpose, text), digest, time.GetUtcNow());
            await state.WriteStateAsync();
        }
        catch
        {
            // Memory may not run ahead of storage.
            DeactivateOnIdle();
            throw;
        }
    }
}
