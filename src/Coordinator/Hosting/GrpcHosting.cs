using System.Net.Security;
using System.Security.Authentication;
using Cozy.Fleet.Coordinator.Enrolment;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Adds the one TLS port and gRPC on it, with health and reflection.</summary>
internal static class GrpcHosting
{
    public static WebApplicationBuilder AddFleetGrpc(this WebApplicationBuilder builder, CoordinatorOptions options)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // An agent whose rack lost its uplink is noticed within a minute.
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(15);
            kestrel.Listen(options.Listen, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    OnConnection = _ => ValueTask.FromResult(Tls(kestrel.ApplicationServices.GetRequiredService<ServerIdentity>())),
                });
            });
        });
        builder.Services.AddGrpc(grpc =>
        {
            grpc.Interceptors.Add<FailureInterceptor>();
            grpc.Interceptors.Add<AuthorizationInterceptor>();
        });
        builder.Services.AddGrpcReflection();
        builder.Services.AddGrpcHealthChecks().AddCheck<StorageCheck>("storage");
        return builder;
    }

    public static WebApplication MapFleetGrpc(this WebApplication app)
    {
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
        return app;
    }

    // A certificate is asked for but not required. Whether it is trusted is said by the interceptor, in a sentence; a refused
    // handshake would be an alert number.
#pragma warning disable CA5359
    private static SslServerAuthenticationOptions Tls(ServerIdentity identity) => new()
    {
        ServerCertificateContext = identity.Present(),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        ClientCertificateRequired = true,
        CertificateRevocationCheckMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };
#pragma warning restore CA5359
}
