using Cozy.Fleet.Agent.Session;

namespace Cozy.Fleet.Agent.Tests.Session;

public sealed class EnrolmentTests : IAsyncLifetime
{
    private static readonly string WrongPin = new('0', 64);

    private readonly TestDirectory directory = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;
    private CoordinatorDouble coordinator = null!;

    public async ValueTask InitializeAsync() => coordinator = await CoordinatorDouble.StartNewAsync();

    public async ValueTask DisposeAsync()
    {
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Token_is_used_once_and_the_certificate_serves_the_next_start()
    {
        await using (await StartAsync(coordinator.Token))
            await coordinator.AcceptAsync(cancellation);
        await using (await StartAsync(""))
            await coordinator.AcceptAsync(cancellation);
        Assert.Equal(["enrol"], coordinator.Enrolments);
    }

    [Fact]
    public async Task Key_certificate_and_journal_can_be_read_by_their_owner_alone()
    {
        await using var agent = await StartAsync(coordinator.Token);
        await coordinator.AcceptAsync(cancellation);
        foreach (var file in Directory.GetFiles(directory.Path))
            Assert.Equal((file, UnixFileMode.UserRead | UnixFileMode.UserWrite), (file, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Another_CA_than_the_pinned_one_gets_no_token()
    {
        var refusal = await RefusalAsync($"{CoordinatorDouble.GoodToken}.{WrongPin}");
        Assert.Contains("does not show the CA that the token names", refusal, StringComparison.Ordinal);
        Assert.Empty(coordinator.Enrolments);
    }

    [Fact]
    public async Task Token_of_another_rack_is_refused_and_nothing_is_stored()
    {
        coordinator.TokenRack = "r2";
        Assert.Equal("The token is for rack r2, the configuration says r1.", await RefusalAsync(coordinator.Token));
        Assert.False(File.Exists(directory.File("agent.pem")));
    }

    [Fact]
    public async Task Used_token_ends_the_agent_with_the_coordinators_words()
    {
        var used = coordinator.Token.Replace("secret", "used", StringComparison.Ordinal);
        Assert.Equal("The coordinator refused the token: the token was used before", await RefusalAsync(used));
    }

    [Theory]
    [InlineData("", "This agent is not enrolled: set coordinator.token to what `cozyfleet token create` printed.")]
    [InlineData("cozy1.id.secret", "The token is not one that `cozyfleet token create` printed (cozy1.ID.SECRET.PIN).")]
    [InlineData("nonsense", "The token is not one that `cozyfleet token create` printed (cozy1.ID.SECRET.PIN).")]
    public async Task Token_that_is_none_ends_the_agent(string token, string words)
    {
        Assert.Equal(words, await RefusalAsync(token));
        Assert.Empty(coordinator.Enrolments);
    }

    [Fact]
    public async Task Unreachable_coordinator_is_tried_again_and_again()
    {
        await coordinator.KillAsync();
        await using var agent = await StartAsync(coordinator.Token);
        await coordinator.StartAsync();
        var session = await coordinator.AcceptAsync(cancellation);
        Assert.Equal("r1", session.Hello.Rack);
        Assert.False(agent.Stopping.IsCancellationRequested);
    }

    [Fact]
    public async Task Certificate_is_renewed_when_two_thirds_of_its_life_are_over()
    {
        coordinator.CertificateLife = TimeSpan.FromMinutes(7);
        await using (await StartAsync(coordinator.Token))
            await coordinator.AcceptAsync(cancellation);
        await using (await StartAsync(""))
            await coordinator.AcceptAsync(cancellation);
        Assert.Equal(["enrol", "renew"], coordinator.Enrolments);
    }

    [Fact]
    public async Task Secrets_are_in_no_log_line()
    {
        await using var agent = await StartAsync(coordinator.Token);
        var session = await coordinator.AcceptAsync(cancellation);
        await session.WelcomeAsync(0);
        await session.HeartbeatAsync(cancellation);
        Assert.DoesNotContain(agent.Log.Lines, line =>
            line.Contains("secret", StringComparison.Ordinal) || line.Contains("PRIVATE", StringComparison.Ordinal));
        Assert.Contains(agent.Log.Lines, line => line.Contains("enrolled for rack r1", StringComparison.Ordinal));
    }

    private Task<AgentUnderTest> StartAsync(string token) => AgentUnderTest.StartAsync(directory, coordinator.Endpoint, token);

    private async Task<string> RefusalAsync(string token)
    {
        await using var agent = await StartAsync(token);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = agent.Stopping.Register(stopping.SetResult);
        await stopping.Task.WaitAsync(cancellation);
        return agent.Loop.Refusal!.Message;
    }
}
