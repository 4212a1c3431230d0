using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Simulator.Tls;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>The machine API of one boot: a listener on the machine's address with the certificate that Talos would show.</summary>
internal static class TalosApi
{
    public static async Task<IAsyncDisposable> StartAsync(TalosRun run, CancellationToken cancellation)
    {
        var builder = SimulatedHost.NewBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AllowAlternateSchemes = true;
            kestrel.Listen(new IPEndPoint(run.Address, run.Options.TalosPort), listen =>
                listen.UseNodeTls(Identity(run), run.Pace.Clock, () => !run.Flapping));
        });
        builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<Authorization>());
        builder.Services.AddSingleton(run);
        builder.Services.AddSingleton<Authorization>();
        builder.Services.AddSingleton<MachineApi>();
        builder.Services.AddSingleton<LifecycleApi>();
        builder.Services.AddSingleton<ImageApi>();
        builder.Services.AddSingleton<StateApi>();
        builder.Services.AddSingleton<StorageApi>();
        var app = builder.Build();
        app.MapGrpcService<MachineApi>();
        app.MapGrpcService<StateApi>();
        app.MapGrpcService<StorageApi>();
        // Both came with 1.13 (talos.md 1.4): an older node answers Unimplemented.
        if (run.Version.IsAtLeast(1, 13))
        {
            app.MapGrpcService<LifecycleApi>();
            app.MapGrpcService<ImageApi>();
        }
        await app.StartAsync(cancellation);
        return new Listener(app);
    }

    private static NodeTlsIdentity Identity(TalosRun run)
    {
        var key = PrivateKey.NewEd25519();
        var now = run.Pace.Clock.GetUtcNow();
        var day = TimeSpan.FromHours(24);
        string[] names = [run.Address.ToString(), "127.0.0.1", "::1", run.Hostname];
        if (run.Config is null || run.Cluster?.OsCa is not { } ca)
        {
            // A CA of this boot alone (talos.md 3.2).
            var ephemeral = CertificateAuthority.Create("O=maintenance-service.talos.dev", PrivateKey.NewEd25519(), now, day);
            var own = new LeafRequest("maintenance-service.talos.dev", [], now, day) { IsServer = true, IsClient = false, Names = names };
            return new(ephemeral.Issue(own, key), key, null);
        }
        var authority = CertificateAuthority.FromPem(ca.Certificate, ca.Key);
        var leaf = new LeafRequest(run.Hostname, [], now - TimeSpan.FromMinutes(1), day) { IsServer = true, IsClient = false, Names = names };
        return new(authority.Issue(leaf, key), key, new([.. run.Config.TrustedCas.Select(pem => X509Certificate2.CreateFromPem(pem))],
            UsageIsExact: run.Config.ChecksUsage || run.Version.IsAtLeast(1, 12)));
    }

    /// <summary>Closes at once: a rebooting machine does not wait for its clients.</summary>
    internal sealed class Listener(WebApplication app) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            try
            {
                await app.StopAsync(now.Token);
            }
            catch (OperationCanceledException)
            {
                // Open streams were cut, as intended.
            }
            await app.DisposeAsync();
        }
    }
}
