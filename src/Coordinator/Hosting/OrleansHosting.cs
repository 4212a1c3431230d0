using System.Net;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Serialization.Cloning;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Adds the silo: one, in this process, that listens to nobody.</summary>
internal static class OrleansHosting
{
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    public static WebApplicationBuilder AddFleetOrleans(this WebApplicationBuilder builder)
    {
        builder.UseOrleans(silo =>
        {
            // The port is a name only, see ClosedListeners; without a gateway there are no outside clients.
            silo.UseLocalhostClustering(gatewayPort: 0, serviceId: "cozy-fleet", clusterId: "cozy-fleet");
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout);
            silo.AddActivityPropagation();
        });
        builder.Services.AddSerializer(serializer => serializer.AddJsonSerializer(
            RecordTypes.Contains, isCopyable: _ => false, json => json.Configure(o => o.SerializerOptions = Storage.RecordJson.Options)));
        builder.Services.AddSingleton<RecordCopier>();
        builder.Services.AddSingleton<IGeneralizedCopier>(s => s.GetRequiredService<RecordCopier>());
        CloseListeners(builder.Services);
        return builder;
    }

    // A silo's port speaks without TLS and asks nobody who they are: on a shared host, every user could call grains. A single
    // silo never needs it, and several coordinators on one machine cannot clash.
    private static void CloseListeners(IServiceCollection services)
    {
        var open = services.Where(s => s.IsKeyedService && s.ServiceType == typeof(IConnectionListenerFactory)).ToArray();
        if (open.Length == 0)
            throw new InvalidOperationException("Orleans registers its listeners in another way than before; its port would be open.");
        foreach (var registration in open)
        {
            services.Remove(registration);
            services.AddKeyedSingleton<IConnectionListenerFactory>(registration.ServiceKey, new ClosedListeners());
        }
    }

    private sealed class ClosedListeners : IConnectionListenerFactory
    {
        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IConnectionListener>(new ClosedListener(endpoint));
    }

    private sealed class ClosedListener(EndPoint endpoint) : IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await unbound.Task.WaitAsync(cancellationToken);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            unbound.TrySetResult(null);
            return default;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
