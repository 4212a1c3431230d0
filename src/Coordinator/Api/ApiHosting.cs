using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Services;
using Cozy.Fleet.Coordinator.Api.Views;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Configs;
using Cozy.Fleet.Coordinator.Images;
using Cozy.Fleet.Coordinator.Queries;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api;

/// <summary>The public API: what it needs of the container, and its services.</summary>
internal static class ApiHosting
{
    // A cluster with its patches is the largest message; a page of 1000 nodes with their facts the largest answer.
    private const int MaximumRequest = 8 * 1024 * 1024;
    private const int MaximumResponse = 64 * 1024 * 1024;

    /// <remarks>Needs IRecordStore, IEventLog, IGrainFactory and TimeProvider. A CallerName of the host's own goes first.</remarks>
    public static IServiceCollection AddFleetApi(this IServiceCollection services)
    {
        services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MaximumRequest;
            options.MaxSendMessageSize = MaximumResponse;
        });
        services.TryAddSingleton<CallerName>(FromCertificate);
        services.AddSingleton<RequestExpiry>().AddSingleton<RequestLedger>().AddSingleton<Mutations>();
        services.AddSingleton<ImageUsers>().AddSingleton<ImageStore>().AddSingleton<ImagePins>();
        services.AddSingleton<NodeNames>().AddSingleton<RolloutNames>().AddSingleton<AgentQueries>().AddSingleton<RackLeases>();
        services.AddSingleton<NodeConfigs>().AddSingleton<ConfigComparisons>().AddSingleton<ClusterConfigApi>().AddSingleton<NodeCheckApi>();
        services.AddSingleton<FleetPatchCheck>();
        services.AddSingleton<ClusterImport>().AddSingleton<TalosconfigImport>().AddSingleton<ClientConfigs>().AddSingleton<ClusterImportApi>();
        services.AddSingleton<NodeInspectionApi>().AddSingleton<EtcdSnapshotApi>().AddSingleton<OperationApi>().AddSingleton<NodeBmcApi>();

        services.AddReading<V1.Rack, RackView>().AddWriting<V1.Rack, RackTarget>();
        services.AddReading<V1.Image, ImageView>().AddWriting<V1.Image, ImageTarget>();
        services.AddReading<V1.FleetPatch, FleetPatchView>().AddWriting<V1.FleetPatch, FleetPatchTarget>();
        services.AddReading<V1.Cluster, ClusterView>().AddWriting<V1.Cluster, ClusterTarget>();
        services.AddReading<V1.Rollout, RolloutView>();
        services.AddReading<V1.Node, NodeView>();
        services.AddSingleton<IUpdateTarget<V1.Node>, NodeTarget>().AddSingleton<ResourceUpdater<V1.Node>>();
        return services;
    }

    public static IEndpointRouteBuilder MapFleetApi(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<RackApi>();
        endpoints.MapGrpcService<NodeApi>();
        endpoints.MapGrpcService<ImageApi>();
        endpoints.MapGrpcService<FleetPatchApi>();
        endpoints.MapGrpcService<ClusterApi>();
        endpoints.MapGrpcService<RolloutApi>();
        endpoints.MapGrpcService<EventApi>();
        return endpoints;
    }

    private static IServiceCollection AddReading<TMessage, TView>(this IServiceCollection services)
        where TMessage : class, IMessage<TMessage>, new()
        where TView : ResourceView<TMessage> => services
            .AddSingleton<ResourceView<TMessage>, TView>()
            .AddSingleton<ResourceReader<TMessage>>()
            .AddSingleton<ResourceWatch<TMessage>>();

    private static IServiceCollection AddWriting<TMessage, TTarget>(this IServiceCollection services)
        where TMessage : class, IMessage<TMessage>, IDeepCloneable<TMessage>, new()
        where TTarget : class, IResourceTarget<TMessage> => services
            .AddSingleton<IResourceTarget<TMessage>, TTarget>()
            .AddSingleton<ResourceWriter<TMessage>>();

    // Who may call at all is decided before this; here it is only the name for the log and for decisions.
    private static string FromCertificate(ServerCallContext context)
    {
        var certificate = context.GetHttpContext().Connection.ClientCertificate;
        return certificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false) ?? "anonymous";
    }
}
