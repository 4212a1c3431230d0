using Cozy.Fleet.Coordinator.Events;
using Orleans.Storage;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Adds the data directory: records, events, the seal, grain states.</summary>
internal static class StorageRegistration
{
    public static IServiceCollection AddFleetStorage(this IServiceCollection services, string directory)
    {
        services.AddSingleton(_ => FleetDatabase.Open(directory));
        services.AddSingleton<IRecordStore, SqliteRecordStore>();
        services.AddSingleton<IEventLog>(s => new SqliteEventLog(s.GetRequiredService<FleetDatabase>()));
        services.AddSingleton<ISecretSeal>(
            _ => new SecretSeal(EnvelopeKey.Load(directory, Environment.GetEnvironmentVariable(EnvelopeKey.Variable))));
        services.AddKeyedSingleton<IGrainStorage>(
            RecordGrainStorage.Name, (s, _) => new RecordGrainStorage(s.GetRequiredService<IRecordStore>()));
        return services;
    }
}
