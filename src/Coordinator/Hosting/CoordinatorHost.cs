using System.Net;
using Cozy.Fleet.Coordinator.Api;
using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Configs;
using Cozy.Fleet.Coordinator.Enrolment;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Session;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>The coordinator, put together: what is added, what is mapped, run.</summary>
internal static class CoordinatorHost
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    /// <exception cref="StorageException">The data directory cannot be used.</exception>
    public static WebApplication Create(CoordinatorOptions options)
    {
        // The content root is the program's own folder: an appsettings.json where somebody happens to stand is not ours.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(_ => DataDirectoryLock.Take(options.DataDirectory));
        builder.Services.AddFleetStorage(options.DataDirectory);
        builder.Services.AddFleetEnrolment(options);
        builder.Services.AddFleetApi();
        builder.Services.AddSingleton<ClusterSecrets>().AddSingleton<BmcSecrets>().AddSingleton<MemberConfigs>().AddSingleton<ConfigOrders>();
        builder.Services.AddHostedService<Reconciler>();
        builder.AddFleetLogging().AddFleetTracing().AddFleetOrleans().AddFleetGrpc(options);

        var app = builder.Build();
        app.MapFleetGrpc().MapFleetEnrolment();
        app.MapFleetApi();
        app.MapAgentSessions();
        return app;
    }

    /// <summary>Starts it, and writes the first operator's context file.</summary>
    /// <returns>The URL that operators and agents dial.</returns>
    /// <exception cref="StorageException">The data directory cannot be used.</exception>
    /// <exception cref="IOException">The port cannot be listened on.</exception>
    public static async Task<Uri> StartAsync(WebApplication app, CoordinatorOptions options, CancellationToken cancellation)
    {
        // In this order: nobody touches a data directory that is another's, and a broken one is found before anything runs.
        app.Services.GetRequiredService<DataDirectoryLock>();
        app.Services.GetRequiredService<FleetDatabase>();
        app.Services.GetRequiredService<ServerIdentity>().Present();
        await app.StartAsync(cancellation);
        var endpoint = options.Advertise ?? Reachable(new Uri(app.Urls.First()));
        app.Services.GetRequiredService<AdminContext>().Write(endpoint);
        return endpoint;
    }

    // "Any address" is nothing to dial; whoever reads the context file on this machine reaches it by loopback.
    private static Uri Reachable(Uri listened) => IPAddress.TryParse(listened.Host, out var address)
        && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            ? new UriBuilder(listened) { Host = "127.0.0.1" }.Uri : listened;
}
