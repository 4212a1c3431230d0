using System.Text.Json;
using Orleans.Storage;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>
/// Grain states are records: the state's name is the kind, the grain's key the name. Where there is no record, the state is a
/// new one if its type can be made from nothing, else null: ask RecordExists first.
/// </summary>
internal sealed class RecordGrainStorage(IRecordStore store) : IGrainStorage
{
    /// <summary>The name that grains give in their <c>PersistentState</c> attribute.</summary>
    public const string Name = "fleet";

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = await store.ReadAsync(stateName, Key(grainId), CancellationToken.None);
        if (stored is null)
            Forget(grainState);
        else
            (grainState.State, grainState.ETag, grainState.RecordExists) = (Parse<T>(stored), stored.Etag, true);
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = await store.WriteAsync(
            stateName, Key(grainId), grainState.ETag, RecordJson.Write(grainState.State), CancellationToken.None);
        if (stored is null)
            throw Conflict(stateName, grainId, grainState.ETag);
        (grainState.ETag, grainState.RecordExists) = (stored.Etag, true);
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (grainState.ETag is { } etag && !await store.DeleteAsync(stateName, Key(grainId), etag, CancellationToken.None))
            throw Conflict(stateName, grainId, etag);
        Forget(grainState);
    }

    private static void Forget<T>(IGrainState<T> grainState) =>
        (grainState.State, grainState.ETag, grainState.RecordExists) = (Fresh<T>(), null, false);

    private static T Fresh<T>() =>
        typeof(T).GetConstructor(Type.EmptyTypes) is null ? default! : Activator.CreateInstance<T>();

    private static T Parse<T>(StoredRecord stored)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(stored.Data.Span, RecordJson.Options) ?? throw new JsonException("It is null.");
        }
        catch (JsonException cause)
        {
            throw new StorageException($"The record {stored.Kind}/{stored.Name} cannot be read: {cause.Message}", cause);
        }
    }

    private static string Key(GrainId grainId) => grainId.Key.ToString()!; // Every grain of ours has a string key.

    private static InconsistentStateException Conflict(string stateName, GrainId grainId, string? etag) =>
        new($"{stateName}/{Key(grainId)} was changed by somebody else.", storedEtag: "another", currentEtag: etag ?? "none");
}
