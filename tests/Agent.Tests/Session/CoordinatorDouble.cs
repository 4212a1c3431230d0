using System.Collections.ObjectModel;
using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Pki;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Agent.Tests.Session;

/// <summary>
/// A coordinator of the real wire: gRPC over TLS, enrolment with a token, client certificates. What it says in a session is up to the
/// test. It can be stopped and started again on its port, with its CA.
/// </summary>
internal sealed class CoordinatorDouble : IAsyncDisposable
{
    public const string GoodToken = "cozy1.id.secret";

    private static readonly DateTimeOffset Begin = DateTimeOffset.UtcNow.AddMinutes(-5);

    private readonly CertificateAuthority authority =
        CertificateAuthority.Create("O=test", PrivateKey.NewP256(), Begin, TimeSpan.FromDays(1));

    private readonly Channel<SessionDouble> sessions = Channel.CreateUnbounded<SessionDouble>();
    private WebApplication? app;

    /// <summary>The rack that a token is for.</summary>
    public string TokenRack { get; set; } = "r1";

    /// <summary>How long an agent's certificate lives; it began five minutes ago.</summary>
    public TimeSpan CertificateLife { get; set; } = TimeSpan.FromHours(12);

    /// <summary>What happened at the enrolment service, in order.</summary>
    public List<string> Enrolments { get; } = [];

    public int Port { get; private set; }

    public string Endpoint => $"https://127.0.0.1:{Port}";

    public string Token => $"{GoodToken}.{authority.Fingerprint}";

    public static async Task<CoordinatorDouble> StartNewAsync()
    {
        var coordinator = new CoordinatorDouble();
        await coordinator.StartAsync();
        return coordinator;
    }

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, Port, listen =>
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(Tls()) })));
        app = builder.Build();
        app.MapGrpcService<Enrolment>();
        app.MapGrpcService<Sessions>();
        await app.StartAsync();
        Port = new Uri(app.Urls.First()).Port;
    }

    /// <summary>The next session that an agent opens.</summary>
    public async Task<SessionDouble> AcceptAsync(CancellationToken cancellation) => await sessions.Reader.ReadAsync(cancellation);

    /// <summary>Ends as a killed process does: every connection is gone at once.</summary>
    public async Task KillAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await app!.StopAsync(now.Token);
        await app.DisposeAsync();
        app = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
            await KillAsync();
    }

    private SslServerAuthenticationOptions Tls()
    {
        var issued = authority.Issue(new("coordinator", [], Begin, TimeSpan.FromHours(12)) { Names = ["127.0.0.1"], IsServer = true, IsClient = false });
        return new()
        {
            ServerCertificateContext = Context(
                X509Certificate2.CreateFromPem(issued.Certificate, issued.Key),
                new([X509CertificateLoader.LoadCertificate(authority.CertificateDer)]), null),
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            ClientCertificateRequired = true,
#pragma warning disable CA5359 // What the agent shows is told to the test, which judges it.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        };
    }

    // The CA must be shown to an agent that knows it by its hash only; the public factory leaves every root out.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SslStreamCertificateContext Context(
        X509Certificate2 target, ReadOnlyCollection<X509Certificate2> intermediates, SslCertificateTrust? trust);

    private byte[] IssueFor(ByteString request, string rack)
    {
        using var certificate = authority.IssueFor(
            request.ToByteArray(), new(rack, ["cozyfleet:agents"], Begin, CertificateLife));
        return certificate.RawData;
    }

    private sealed class Enrolment(CoordinatorDouble coordinator) : EnrolmentService.EnrolmentServiceBase
    {
        public override Task<EnrolAgentResponse> EnrolAgent(EnrolAgentRequest request, ServerCallContext context)
        {
            coordinator.Enrolments.Add("enrol");
            if (request.Token != coordinator.Token)
                throw new RpcException(new(StatusCode.Unauthenticated, "the token was used before"));
            return Task.FromResult(new EnrolAgentResponse
            {
                Rack = coordinator.TokenRack,
                Certificate = ByteString.CopyFrom(coordinator.IssueFor(request.CertificateSigningRequest, coordinator.TokenRack)),
                CaCertificate = ByteString.CopyFrom(coordinator.authority.CertificateDer),
            });
        }

        public override Task<RenewAgentCertificateResponse> RenewAgentCertificate(
            RenewAgentCertificateRequest request, ServerCallContext context)
        {
            coordinator.Enrolments.Add("renew");
            coordinator.CertificateLife = TimeSpan.FromHours(12);
            return Task.FromResult(new RenewAgentCertificateResponse
            {
                Certificate = ByteString.CopyFrom(coordinator.IssueFor(request.CertificateSigningRequest, coordinator.TokenRack)),
                CaCertificate = ByteString.CopyFrom(coordinator.authority.CertificateDer),
            });
        }
    }

    private sealed class Sessions(CoordinatorDouble coordinator) : AgentSessionService.AgentSessionServiceBase
    {
        public override async Task Connect(
            IAsyncStreamReader<ConnectRequest> requestStream, IServerStreamWriter<ConnectResponse> responseStream, ServerCallContext context)
        {
            var subject = context.GetHttpContext().Connection.ClientCertificate?.Subject ?? "";
            await requestStream.MoveNext(context.CancellationToken);
            var session = new SessionDouble(requestStream.Current.Hello, subject, requestStream, responseStream);
            coordinator.sessions.Writer.TryWrite(session);
            if (await session.Ended.WaitAsync(context.CancellationToken) is { } refusal)
                throw new RpcException(refusal);
        }
    }
}
