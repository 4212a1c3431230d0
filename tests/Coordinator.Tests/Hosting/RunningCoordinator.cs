using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Coordinator.Enrolment;
using Cozy.Fleet.Coordinator.Hosting;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Cozy.Fleet.Coordinator.Tests.Hosting;

/// <summary>A whole coordinator on a free port: its own silo, its own database, real TLS.</summary>
internal sealed class RunningCoordinator : IAsyncDisposable
{
    private readonly WebApplication app;

    private RunningCoordinator(WebApplication app, Uri url) => (this.app, Url) = (app, url);

    public Uri Url { get; }

    public CoordinatorCa Ca => Service<CoordinatorCa>();

    public T Service<T>()
        where T : notnull => app.Services.GetRequiredService<T>();

    public static async Task<RunningCoordinator> StartAsync(string directory)
    {
        var options = new CoordinatorOptions(directory, new(IPAddress.Loopback, 0), null);
        var app = CoordinatorHost.Create(options);
        return new(app, await CoordinatorHost.StartAsync(app, options, TestContext.Current.CancellationToken));
    }

    public GrpcChannel DialAsOperator(string name = "ann")
    {
        var issued = Ca.IssueOperator(name, TimeSpan.FromHours(1));
        return Dial(X509Certificate2.CreateFromPem(issued.Certificate, issued.Key));
    }

    /// <summary>Trusts the coordinator's CA and nothing else, as every client of it does.</summary>
    public GrpcChannel Dial(X509Certificate2? certificate)
    {
        var tls = new SslClientAuthenticationOptions { CertificateChainPolicy = Trust(Ca.Certificate) };
        if (certificate is not null)
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        return GrpcChannel.ForAddress(Url, new() { HttpHandler = new SocketsHttpHandler { SslOptions = tls }, DisposeHttpClient = true });
    }

    public static X509ChainPolicy Trust(X509Certificate2 ca) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { ca },
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }
}
