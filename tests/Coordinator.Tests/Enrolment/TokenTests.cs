using System.Text;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Orleans;

namespace Cozy.Fleet.Coordinator.Tests.Enrolment;

/// <summary>Tokens as operators see them.</summary>
public sealed class TokenTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;
    private GrpcChannel channel = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private EnrolmentService.EnrolmentServiceClient Client => new(channel);

    public async ValueTask InitializeAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        channel = coordinator.DialAsOperator();
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_token_lasts_an_hour_and_makes_its_rack()
    {
        var created = await CreateAsync(new() { Rack = "r1" });

        Assert.Equal(TimeSpan.FromHours(1), created.Token.ExpireTime.ToDateTimeOffset() - created.Token.CreateTime.ToDateTimeOffset());
        Assert.Equal(["cozy1", created.Token.Id, coordinator.Ca.Fingerprint], created.Secret.Split('.').Where((_, i) => i != 2));
        Assert.NotNull(await coordinator.Service<IGrainFactory>().GetGrain<IRackGrain>("r1").Get());
    }

    [Fact]
    public async Task The_secret_is_stored_nowhere()
    {
        var created = await CreateAsync(new() { Rack = "r1" });

        var stored = await coordinator.Service<IRecordStore>().ReadAsync(RecordKind.Tokens, created.Token.Id, Token);

        Assert.DoesNotContain(created.Secret.Split('.')[2], Encoding.UTF8.GetString(stored!.Data.Span), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 0, "rack:"), InlineData("R1", 0, "rack:"), InlineData("a.b", 0, "rack:"), InlineData("-a", 0, "rack:"), InlineData("a\n", 0, "rack:")]
    [InlineData("r1", -1, "ttl_seconds:"), InlineData("r1", (30 * 86400) + 1, "ttl_seconds:"), InlineData("r1", long.MaxValue, "ttl_seconds:")]
    public async Task What_is_out_of_bounds_is_refused_by_field(string rack, long ttl, string field)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() => CreateAsync(new() { Rack = rack, TtlSeconds = ttl }));

        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
        Assert.StartsWith(field, refusal.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repeated_request_is_one_token_and_every_answer_opens_it()
    {
        var request = new CreateTokenRequest { Rack = "r1", RequestId = "q1" };
        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CreateAsync(request)));

        Assert.Single(answers.Select(a => a.Token.Id).Distinct());
        Assert.Single((await Client.ListTokensAsync(new(), cancellationToken: Token)).Tokens);
        using var nobody = coordinator.Dial(null);
        using var agent = new AgentKey();
        var enrolled = await new EnrolmentService.EnrolmentServiceClient(nobody).EnrolAgentAsync(
            new() { Token = answers[0].Secret, CertificateSigningRequest = ByteString.CopyFrom(agent.Request()) }, cancellationToken: Token);
        Assert.Equal("r1", enrolled.Rack);

        var late = await Assert.ThrowsAsync<RpcException>(() => CreateAsync(request));
        Assert.Equal(StatusCode.AlreadyExists, late.StatusCode);
    }

    [Fact]
    public async Task A_request_id_belongs_to_one_request()
    {
        await CreateAsync(new() { Rack = "r1", RequestId = "q1" });

        var refusal = await Assert.ThrowsAsync<RpcException>(() => CreateAsync(new() { Rack = "r2", RequestId = "q1" }));

        Assert.Equal(StatusCode.AlreadyExists, refusal.StatusCode);
    }

    [Fact]
    public async Task Tokens_are_listed_page_by_page_without_their_secrets()
    {
        for (var i = 0; i < 5; i++)
            await CreateAsync(new() { Rack = "r1" });

        var (seen, page) = (new List<string>(), "");
        do
        {
            var answer = await Client.ListTokensAsync(new() { PageSize = 2, PageToken = page }, cancellationToken: Token);
            Assert.InRange(answer.Tokens.Count, 1, 2);
            seen.AddRange(answer.Tokens.Select(t => t.Id));
            page = answer.NextPageToken;
        }
        while (page != "");

        Assert.Equal(5, seen.Distinct().Count());
    }

    [Fact]
    public async Task A_token_is_revoked_once_or_twice_but_must_exist()
    {
        var created = await CreateAsync(new() { Rack = "r1" });
        await Client.RevokeTokenAsync(new() { Id = created.Token.Id }, cancellationToken: Token);
        await Client.RevokeTokenAsync(new() { Id = created.Token.Id }, cancellationToken: Token);

        Assert.True(Assert.Single((await Client.ListTokensAsync(new(), cancellationToken: Token)).Tokens).Revoked);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await Client.RevokeTokenAsync(new() { Id = "none" }, cancellationToken: Token));
        Assert.Equal(StatusCode.NotFound, refusal.StatusCode);
    }

    private async Task<CreateTokenResponse> CreateAsync(CreateTokenRequest request) =>
        await Client.CreateTokenAsync(request, cancellationToken: Token);
}
