using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Enrolment;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Pki;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Orleans;

namespace Cozy.Fleet.Coordinator.Tests.Enrolment;

/// <summary>From the token to the certificate, over real TLS.</summary>
public sealed class EnrolmentTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;
    private GrpcChannel operatorChannel = null!;
    private GrpcChannel nobodyChannel = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private EnrolmentService.EnrolmentServiceClient Operator => new(operatorChannel);

    private EnrolmentService.EnrolmentServiceClient Nobody => new(nobodyChannel);

    public async ValueTask InitializeAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        (operatorChannel, nobodyChannel) = (coordinator.DialAsOperator(), coordinator.Dial(null));
    }

    public async ValueTask DisposeAsync()
    {
        operatorChannel.Dispose();
        nobodyChannel.Dispose();
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_token_makes_one_agent_of_its_rack()
    {
        var created = await CreateAsync("r1");
        using var agent = new AgentKey();

        var answer = await EnrolAsync(created.Secret, agent.Request("CN=another rack"));

        using var certificate = X509CertificateLoader.LoadCertificate(answer.Certificate.ToByteArray());
        Assert.Equal(("r1", "r1"), (answer.Rack, CertificateCheck.CommonName(certificate)));
        Assert.Equal(["cozyfleet:agents"], CertificateCheck.Organizations(certificate));
        Assert.Null(CertificateCheck.Refusal(certificate, coordinator.Ca.Certificate, DateTimeOffset.UtcNow));
        Assert.Equal(coordinator.Ca.CertificateDer, answer.CaCertificate.ToByteArray());
        await RefusedAsync(created.Secret, StatusCode.FailedPrecondition, "was used already");
        var happened = await coordinator.Service<IEventLog>().ListAsync(long.MaxValue, 10, Token);
        Assert.Contains(happened, e => e.Event is { Subject: "racks/r1", Reason: "AgentEnrolled" });
    }

    [Fact]
    public async Task The_server_shows_the_ca_that_the_token_names()
    {
        var pin = (await CreateAsync("r1")).Secret.Split('.')[3];
        var shown = new List<string>();
        using var channel = GrpcChannel.ForAddress(coordinator.Url, new()
        {
            HttpHandler = new SocketsHttpHandler
            {
                SslOptions = new()
                {
                    // A resumed session shows no certificates, and another connection of this process may have left one.
                    AllowTlsResume = false,
                    RemoteCertificateValidationCallback = (_, _, chain, _) =>
                    {
                        shown.AddRange(chain!.ChainElements.Select(e => Convert.ToHexStringLower(SHA256.HashData(e.Certificate.RawData))));
                        return shown.Contains(pin);
                    },
                },
            },
            DisposeHttpClient = true,
        });

        // A call: connecting a channel opens the socket and leaves TLS to the first request.
        var refused = await Assert.ThrowsAsync<RpcException>(
            async () => await new EnrolmentService.EnrolmentServiceClient(channel).ListTokensAsync(new(), cancellationToken: Token));

        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
        Assert.Contains(pin, shown);
    }

    [Fact]
    public async Task Of_agents_that_race_for_a_token_one_gets_it()
    {
        var created = await CreateAsync("r1");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using var agent = new AgentKey();
            using var channel = coordinator.Dial(null);
            try
            {
                await new EnrolmentService.EnrolmentServiceClient(channel).EnrolAgentAsync(Request(created.Secret, agent.Request()), cancellationToken: Token);
                return StatusCode.OK;
            }
            catch (RpcException refused)
            {
                return refused.StatusCode;
            }
        }));

        Assert.Single(outcomes, StatusCode.OK);
        Assert.Equal(7, outcomes.Count(o => o == StatusCode.FailedPrecondition));
    }

    [Fact]
    public async Task A_damaged_request_does_not_use_the_token_up()
    {
        var created = await CreateAsync("r1");
        using var agent = new AgentKey();
        var changed = agent.Request();
        changed[^1] ^= 1; // The signature.

        Assert.Equal(StatusCode.InvalidArgument, (await RefusalAsync(created.Secret, changed)).StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, (await RefusalAsync(created.Secret, [])).StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, (await RefusalAsync(created.Secret, new byte[100_000])).StatusCode);

        Assert.Equal("r1", (await EnrolAsync(created.Secret, agent.Request())).Rack);
    }

    [Fact]
    public async Task Every_refusal_has_its_own_sentence()
    {
        var parts = (await CreateAsync("r1")).Secret.Split('.');
        await RefusedAsync("nonsense", StatusCode.InvalidArgument, "not a token");
        await RefusedAsync($"cozy1.0123456789abcdef.{parts[2]}.{parts[3]}", StatusCode.Unauthenticated, "The token is wrong");
        await RefusedAsync($"cozy1.{parts[1]}.{parts[2]}x.{parts[3]}", StatusCode.Unauthenticated, "The token is wrong");
        await RefusedAsync($"cozy1.{parts[1]}.{parts[2]}.{new string('0', 64)}", StatusCode.Unauthenticated, "another coordinator");

        await Operator.RevokeTokenAsync(new() { Id = parts[1] }, cancellationToken: Token);
        await RefusedAsync(string.Join('.', parts), StatusCode.FailedPrecondition, "was revoked");
    }

    [Fact]
    public async Task An_expired_token_is_refused_as_expired()
    {
        await CreateAsync("r1");
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await coordinator.Service<TokenStore>().AddAsync(
            new("old", "r1", start, start.AddHours(1), [TokenRecord.Hash("secret")]), Token);

        await RefusedAsync($"cozy1.old.secret.{coordinator.Ca.Fingerprint}", StatusCode.FailedPrecondition, "expired at 2026-01-01 01:00:00Z");
    }

    [Fact]
    public async Task A_token_of_a_deleted_rack_is_refused()
    {
        var created = await CreateAsync("r1");
        await coordinator.Service<IGrainFactory>().GetGrain<IRackGrain>("r1").Delete("");

        await RefusedAsync(created.Secret, StatusCode.FailedPrecondition, "rack r1 was deleted");
    }

    [Fact]
    public async Task An_agent_renews_its_own_certificate_and_no_other()
    {
        await CreateAsync("r1");
        using var agent = new AgentKey();
        using var channel = coordinator.Dial(AgentKey.Certified(coordinator.Ca, "r1"));

        var answer = await new EnrolmentService.EnrolmentServiceClient(channel).RenewAgentCertificateAsync(
            new() { CertificateSigningRequest = ByteString.CopyFrom(agent.Request("CN=r2")) }, cancellationToken: Token);

        using var certificate = X509CertificateLoader.LoadCertificate(answer.Certificate.ToByteArray());
        Assert.Equal("r1", CertificateCheck.CommonName(certificate));
    }

    private async Task<CreateTokenResponse> CreateAsync(string rack) =>
        await Operator.CreateTokenAsync(new() { Rack = rack }, cancellationToken: Token);

    private async Task<EnrolAgentResponse> EnrolAsync(string secret, byte[] request) =>
        await Nobody.EnrolAgentAsync(Request(secret, request), cancellationToken: Token);

    private async Task<Status> RefusalAsync(string secret, byte[] request) =>
        (await Assert.ThrowsAsync<RpcException>(() => EnrolAsync(secret, request))).Status;

    private async Task RefusedAsync(string secret, StatusCode code, string sentence)
    {
        using var agent = new AgentKey();
        var refusal = await RefusalAsync(secret, agent.Request());
        Assert.Equal(code, refusal.StatusCode);
        Assert.Contains(sentence, refusal.Detail, StringComparison.Ordinal);
        Assert.Contains("token create", refusal.Detail, StringComparison.Ordinal);
    }

    private static EnrolAgentRequest Request(string secret, byte[] request) =>
        new() { Token = secret, CertificateSigningRequest = ByteString.CopyFrom(request), AgentVersion = "0.1.0" };
}
