using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>
/// As much of a coordinator as an agent sees: a CA, enrolment, and the session, over real TLS and gRPC. The test says when reports are
/// acknowledged and when the line breaks.
/// </summary>
internal sealed class CoordinatorDouble : IAsyncDisposable
{
    private readonly Authority authority = new();
    private WebApplication? app;

    public int Port { get; private set; }

    public string Rack { get; init; } = "r1";

    public string Secret { get; init; } = "s3cr3t-of-the-token";

    public TimeSpan CertificateLife { get; init; } = TimeSpan.FromDays(30);

    /// <summary>When not null, enrolment is refused with these words.</summary>
    public string? Refusal { get; init; }

    public bool Acknowledges { get; set; } = true;

    public ulong Acknowledged { get; set; }

    public int Enrolments { get; private set; }

    public int Renewals { get; private set; }

    public string Token => $"cozy1.id.{Secret}.{authority.Pin}";

    public Uri Endpoint => new($"https://127.0.0.1:{Port}");

    /// <summary>Every report as it arrived, over all sessions.</summary>
    public Channel<Report> Reports { get; } = Channel.CreateUnbounded<Report>();

    public Channel<Session> Sessions { get; } = Channel.CreateUnbounded<Session>();

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new ErrorsOf(this));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this).AddSingleton<Enrolment>().AddSingleton<AgentSessions>();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            var certificate = authority.ServerCertificate();
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = certificate,
                OnAuthenticate = (_, tls) => tls.ServerCertificateContext = Context(certificate, new([authority.Ca]), null),
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (certificate, _, _) => certificate.Issuer == authority.Ca.Subject,
            });
        }));
        app = builder.Build();
        app.MapGrpcService<Enrolment>();
        app.MapGrpcService<AgentSessions>();
        await app.StartAsync(TestContext.Current.CancellationToken);
        Port = new Uri(app.Urls.First()).Port;
    }

    /// <summary>Away: nobody answers at the port.</summary>
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app!.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    /// <summary>What went wrong inside, for the message of a test that waited in vain.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>Whose log such a message shows.</summary>
    public AgentProcess? Agent { get; set; }

    public Task<Session> SessionAsync() => NextAsync(Sessions);

    public Task<Report> ReportAsync() => NextAsync(Reports);

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
            await app.DisposeAsync();
        authority.Dispose();
    }

    // The public way leaves a root out of what is shown; an agent that enrols needs to see it to find its pin.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SslStreamCertificateContext Context(
        X509Certificate2 target, ReadOnlyCollection<X509Certificate2> intermediates, SslCertificateTrust? trust);

    private async Task<T> NextAsync<T>(Channel<T> channel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(90));
        try
        {
            return await channel.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"the agent sent no {typeof(T).Name}; {string.Join("\n", Errors)}\n{Agent?.Output}");
        }
    }

    private sealed class ErrorsOf(CoordinatorDouble coordinator) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(level))
                coordinator.Errors.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }

    /// <summary>One connection of the agent.</summary>
    internal sealed class Session(Hello hello, string client, IServerStreamWriter<ConnectResponse> stream)
    {
        public Hello Hello => hello;

        /// <summary>The subject of the certificate that the agent showed.</summary>
        public string Client => client;

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Channel<Heartbeat> Heartbeats { get; } = Channel.CreateUnbounded<Heartbeat>();

        public Channel<QueryAnswer> Answers { get; } = Channel.CreateUnbounded<QueryAnswer>();

        public SemaphoreSlim Turn { get; } = new(1);

        public async Task SendAsync(ConnectResponse message)
        {
            await Turn.WaitAsync();
            await stream.WriteAsync(message);
            Turn.Release();
        }

        /// <summary>The line breaks.</summary>
        public void Drop() => Ended.TrySetResult();
    }

    internal sealed class Enrolment(CoordinatorDouble coordinator) : EnrolmentService.EnrolmentServiceBase
    {
        public override Task<EnrolAgentResponse> EnrolAgent(EnrolAgentRequest request, ServerCallContext context)
        {
            if (coordinator.Refusal is { } refusal || request.Token != coordinator.Token)
                throw new RpcException(new(StatusCode.Unauthenticated, coordinator.Refusal ?? "the token is not known"));
            coordinator.Enrolments++;
            return Task.FromResult(new EnrolAgentResponse
            {
                Rack = coordinator.Rack,
                Certificate = ByteString.CopyFrom(coordinator.authority.Sign(request.CertificateSigningRequest.Memory, coordinator)),
                CaCertificate = ByteString.CopyFrom(coordinator.authority.Ca.RawData),
            });
        }

        public override Task<RenewAgentCertificateResponse> RenewAgentCertificate(RenewAgentCertificateRequest request, ServerCallContext context)
        {
            if (context.GetHttpContext().Connection.ClientCertificate is null)
                throw new RpcException(new(StatusCode.Unauthenticated, "no certificate"));
            coordinator.Renewals++;
            return Task.FromResult(new RenewAgentCertificateResponse
            {
                Certificate = ByteString.CopyFrom(coordinator.authority.Sign(request.CertificateSigningRequest.Memory, coordinator)),
                CaCertificate = ByteString.CopyFrom(coordinator.authority.Ca.RawData),
            });
        }
    }

    internal sealed class AgentSessions(CoordinatorDouble coordinator) : AgentSessionService.AgentSessionServiceBase
    {
        public override async Task Connect(
            IAsyncStreamReader<ConnectRequest> requests, IServerStreamWriter<ConnectResponse> responses, ServerCallContext context)
        {
            Assert.True(await requests.MoveNext(context.CancellationToken));
            var client = context.GetHttpContext().Connection.ClientCertificate?.Subject ?? "";
            var session = new Session(requests.Current.Hello, client, responses);
            await session.SendAsync(new() { Welcome = new() { AcknowledgedSequence = coordinator.Acknowledged } });
            await coordinator.Sessions.Writer.WriteAsync(session);
            await Task.WhenAny(ReadAsync(requests, session, context.CancellationToken), session.Ended.Task);
        }

        private async Task ReadAsync(IAsyncStreamReader<ConnectRequest> requests, Session session, CancellationToken cancellation)
        {
            while (await requests.MoveNext(cancellation))
            {
                var message = requests.Current;
                if (message.Heartbeat is { } heartbeat)
                    await session.Heartbeats.Writer.WriteAsync(heartbeat, cancellation);
                if (message.QueryAnswer is { } answer)
                    await session.Answers.Writer.WriteAsync(answer, cancellation);
                if (message.Report is not { } report)
                    continue;
                if (coordinator.Acknowledges)
                {
                    coordinator.Acknowledged = report.Sequence;
                    await session.SendAsync(new() { Ack = new() { Sequence = report.Sequence } });
                }
                await coordinator.Reports.Writer.WriteAsync(report, cancellation);
            }
        }
    }

    /// <summary>A CA of this test alone.</summary>
    private sealed class Authority : IDisposable
    {
        private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public Authority()
        {
            var request = new CertificateRequest($"CN=test CA {Guid.NewGuid():N}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            var now = TimeProvider.System.GetUtcNow();
            Ca = request.CreateSelfSigned(now.AddDays(-40), now.AddDays(400));
        }

        public X509Certificate2 Ca { get; }

        public string Pin => Convert.ToHexStringLower(SHA256.HashData(Ca.RawData));

        public X509Certificate2 ServerCertificate()
        {
            using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=coordinator", serverKey, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1")], false));
            using var signed = Sign(request, TimeProvider.System.GetUtcNow().AddDays(-1), TimeSpan.FromDays(30));
            return signed.CopyWithPrivateKey(serverKey);
        }

        public byte[] Sign(ReadOnlyMemory<byte> signingRequest, CoordinatorDouble coordinator)
        {
            var asked = CertificateRequest.LoadSigningRequest(signingRequest.ToArray(), HashAlgorithmName.SHA256);
            var request = new CertificateRequest($"O=cozyfleet:agents, CN={coordinator.Rack}", (ECDsa)asked.PublicKey.GetECDsaPublicKey()!, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.2")], false));
            // A life that began long ago needs renewal at once.
            var life = coordinator.CertificateLife;
            var start = TimeProvider.System.GetUtcNow() - (coordinator.Renewals == 0 && life < TimeSpan.FromDays(30) ? life * 0.9 : TimeSpan.FromMinutes(1));
            using var signed = Sign(request, start, life);
            return signed.RawData;
        }

        public void Dispose()
        {
            Ca.Dispose();
            key.Dispose();
        }

        private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset start, TimeSpan life) =>
            request.Create(Ca.SubjectName, X509SignatureGenerator.CreateForECDsa(key), start, start + life, RandomNumberGenerator.GetBytes(8));
    }
}
