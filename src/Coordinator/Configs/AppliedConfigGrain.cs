using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>The config that a node was last given; what is different on the node is drift. It is large, so it is no part of the node.</summary>
public interface IAppliedConfigGrain : IGrainWithStringKey
{
    /// <summary>Stores the config, sealed, before it is sent for the first time. The same one again changes nothing.</summary>
    Task Set(string cluster, string config);

    /// <summary>Stores another config for a running node before it is sent: until the node took it, the former one counts.</summary>
    Task Offer(string cluster, string config);

    /// <summary>The node took what it was offered.</summary>
    /// <param name="boot">The boot that still runs the former one; empty when the new one works already.</param>
    Task Took(string digest, string boot);
}

/// <param name="Digest">SHA-256 of the text, to tell whether it is the same without opening it.</param>
internal sealed record AppliedConfig(string Cluster, string Sealed, string Digest, DateTimeOffset Time)
{
    /// <summary>What was sent or is to be sent, and is not known to work on the node.</summary>
    public AppliedConfig? Offered { get; init; }

    /// <summary>Of an offered one: the node wrote it down during this boot and takes it up with the next.</summary>
    public string WrittenDuring { get; init; } = "";

    /// <summary>What the node should run on this boot, if nobody else changed it.</summary>
    public AppliedConfig On(string boot) => Offered is { WrittenDuring: not "" } written && written.WrittenDuring != boot ? written : this;

    /// <summary>What the sealed text is bound to.</summary>
    public static string Purpose(string cluster, string node) => $"clusters/{cluster}/configs/{node}";

    /// <summary>SHA-256, in hexadecimal.</summary>
    public static string DigestOf(string config) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(config)));
}

internal sealed class AppliedConfigGrain(
    [PersistentState(RecordKind.AppliedConfigs, "fleet")] IPersistentState<AppliedConfig> state, ISecretSeal seal, TimeProvider time)
    : Grain, IAppliedConfigGrain
{
    public async Task Set(string cluster, string config)
    {
        if (!IsOf(cluster) || state.State.Digest != AppliedConfig.DigestOf(config))
            await Store(New(cluster, config));
    }

    public async Task Offer(string cluster, string config)
    {
        var next = New(cluster, config);
        if (!IsOf(cluster))
            await Store(new(cluster, "", "", next.Time) { Offered = next });
        else if (state.State.Offered is not { WrittenDuring: "" } offered || offered.Digest != next.Digest)
            await Store(state.State with { Offered = next });
    }

    public async Task Took(string digest, string boot)
    {
        if (state.RecordExists && state.State.Offered is { } offered && offered.Digest == digest)
            await Store(boot == "" ? offered : state.State with { Offered = offered with { WrittenDuring = boot } });
    }

    private bool IsOf(string cluster) => state.RecordExists && state.State.Cluster == cluster;

    private AppliedConfig New(string cluster, string config) => new(
        cluster, seal.Seal(AppliedConfig.Purpose(cluster, this.GetPrimaryKeyString()), Encoding.UTF8.GetBytes(config)),
        AppliedConfig.DigestOf(config), time.GetUtcNow());

    private async Task Store(AppliedConfig next)
    {
        try
        {
            state.State = next;
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
