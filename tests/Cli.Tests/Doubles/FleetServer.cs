using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The fleet double behind real gRPC with mutual TLS, on a port of its own.</summary>
internal sealed class FleetServer : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly TestCa ca;

    private FleetServer(WebApplication application, TestCa ca, FleetDouble fleet) =>
        (this.application, this.ca, Fleet) = (application, ca, fleet);

    public FleetDouble Fleet { get; }

    public TestCa Ca => ca;

    public string Endpoint =>
        application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<FleetServer> StartAsync(TimeProvider time, Func<TestCa, X509Certificate2>? certificate = null)
    {
        var (ca, fleet) = (new TestCa(), new FleetDouble(time));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(Tls(ca, certificate?.Invoke(ca) ?? ca.Server()));
        }));
        builder.Services.AddSingleton(fleet).AddSingleton(fleet.Events).AddGrpc();
        var application = builder.Build();
        application.MapGrpcService<ImageDouble>();
        application.MapGrpcService<RackDouble>();
        application.MapGrpcService<FleetPatchDouble>();
        application.MapGrpcService<NodeDouble>();
        application.MapGrpcService<ClusterDouble>();
        application.MapGrpcService<RolloutDouble>();
        application.MapGrpcService<EnrolmentDouble>();
        application.MapGrpcService<EventDouble>();
        await application.StartAsync();
        return new(application, ca, fleet);
    }

    public async ValueTask DisposeAsync()
    {
        // Watches of the test are over with the test: nobody waits for them.
        await application.StopAsync(new CancellationToken(canceled: true));
        await application.DisposeAsync();
        ca.Dispose();
    }

    private static HttpsConnectionAdapterOptions Tls(TestCa ca, X509Certificate2 certificate) => new()
    {
        ServerCertificate = certificate,
        ClientCertificateMode = ClientCertificateMode.RequireCertificate,
        ClientCertificateValidation = (shown, _, _) => shown.Issuer == ca.Certificate.Subject && IssuedBy(ca, shown),
    };

    private static bool IssuedBy(TestCa ca, X509Certificate2 shown)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(shown);
    }
}
