using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Enrolment;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Pki;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Cozy.Fleet.Coordinator.Tests.Hosting;

/// <summary>Over real TLS: what each certificate opens.</summary>
public sealed class AuthorizationTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => coordinator = await RunningCoordinator.StartAsync(directory.Path);

    public async ValueTask DisposeAsync()
    {
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Operators_agents_and_nobody_have_their_methods()
    {
        using var ann = coordinator.DialAsOperator();
        using var nobody = coordinator.Dial(null);
        using var agent = coordinator.Dial(AgentKey.Certified(coordinator.Ca, "r1"));

        Assert.Empty((await new EnrolmentService.EnrolmentServiceClient(ann).ListTokensAsync(new(), cancellationToken: Token)).Tokens);
        Assert.Equal(StatusCode.Unauthenticated, (await Refusal(nobody)).StatusCode);
        Assert.Equal(StatusCode.PermissionDenied, (await Refusal(agent)).StatusCode);
    }

    [Fact]
    public async Task Many_first_calls_of_a_new_connection_run_at_once()
    {
        for (var connection = 0; connection < 20; connection++)
        {
            using var ann = coordinator.DialAsOperator();
            var client = new EnrolmentService.EnrolmentServiceClient(ann);
            var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ => await client.ListTokensAsync(new(), cancellationToken: Token)));
            Assert.All(answers, answer => Assert.Empty(answer.Tokens));
        }
    }

    [Fact]
    public async Task Everybody_may_ask_for_health()
    {
        using var nobody = coordinator.Dial(null);

        var health = await new Health.HealthClient(nobody).CheckAsync(new(), cancellationToken: Token);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
    }

    [Fact]
    public async Task A_certificate_of_another_ca_is_refused_by_name()
    {
        var ca = CertificateAuthority.Create("CN=strange CA", PrivateKey.NewP256(), DateTimeOffset.UnixEpoch, TimeSpan.FromDays(36500));
        var issued = ca.Issue(new("ann", ["cozyfleet:operators"], DateTimeOffset.UnixEpoch, TimeSpan.FromDays(36500)));
        using var stranger = coordinator.Dial(X509Certificate2.CreateFromPem(issued.Certificate, issued.Key));

        var refusal = await Refusal(stranger);

        Assert.Equal(StatusCode.Unauthenticated, refusal.StatusCode);
        Assert.Contains("issued by 'CN=strange CA'", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_certificate_is_refused_as_expired()
    {
        var issued = coordinator.Ca.IssueOperator("ann", TimeSpan.FromMinutes(-1));
        using var late = coordinator.Dial(X509Certificate2.CreateFromPem(issued.Certificate, issued.Key));

        var refusal = await Refusal(late);

        Assert.Equal(StatusCode.Unauthenticated, refusal.StatusCode);
        Assert.Contains("expired at", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_coordinators_own_certificate_opens_nothing()
    {
        var issued = coordinator.Ca.IssueServer(["localhost"], TimeSpan.FromHours(1));
        using var server = coordinator.Dial(X509Certificate2.CreateFromPem(issued.Certificate, issued.Key));

        Assert.Equal(StatusCode.Unauthenticated, (await Refusal(server)).StatusCode);
    }

    private static async Task<Status> Refusal(GrpcChannel channel) => (await Assert.ThrowsAsync<RpcException>(
        async () => await new EnrolmentService.EnrolmentServiceClient(channel).ListTokensAsync(new(), cancellationToken: Token))).Status;
}
