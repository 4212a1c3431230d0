using System.Text.RegularExpressions;
using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Tests.Session;

public sealed partial class SessionLoopTests : IAsyncLifetime
{
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
    public async Task Back_off_grows_with_failures_and_starts_anew_after_a_session_that_was_welcomed()
    {
        await using var agent = await StartAsync();
        for (var i = 0; i < 3; i++)
            (await coordinator.AcceptAsync(cancellation)).Refuse(StatusCode.Unavailable, "starting");
        await LoseWelcomedSessionAsync();
        await LoseWelcomedSessionAsync();
        await coordinator.AcceptAsync(cancellation);

        // With a chance of a tenth: 0.1 + (1 - 0.1)/10, then the limits of 2 and 4 s, and the first one again.
        Assert.Equal(["0.2", "0.3", "0.5", "0.2", "0.2"], Delays(agent));
    }

    [Fact]
    public async Task Restarted_coordinator_is_noticed_at_once_and_gets_exactly_the_unacknowledged_reports_in_order()
    {
        await using var agent = await StartAsync();
        for (var i = 1; i <= 5; i++)
            await agent.Journal.AppendAsync(Boot($"b{i}"));
        var first = await coordinator.AcceptAsync(cancellation);
        await first.WelcomeAsync(0);
        for (var i = 1; i <= 5; i++)
            Assert.Equal((ulong)i, (await first.ReportAsync(cancellation)).Sequence);
        await coordinator.KillAsync();
        await agent.Journal.AppendAsync(Boot("b6"));
        await coordinator.StartAsync();

        // The coordinator had stored three before it was killed.
        var second = await coordinator.AcceptAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(10), cancellation);
        await second.WelcomeAsync(3);
        Assert.Equal(first.Hello.JournalId, second.Hello.JournalId);
        foreach (var name in new[] { "b4", "b5", "b6" })
            Assert.Equal(name, (await second.ReportAsync(cancellation)).BootProgress.SessionId);
    }

    [Fact]
    public async Task Restarted_agent_sends_only_what_was_not_acknowledged()
    {
        await using (var agent = await StartAsync())
        {
            await agent.Journal.AppendAsync(Boot("old"));
            await agent.Journal.AppendAsync(Boot("new"));
            var first = await coordinator.AcceptAsync(cancellation);
            await first.WelcomeAsync(0);
            Assert.Equal("old", (await first.ReportAsync(cancellation)).BootProgress.SessionId);
        }
        await using var again = await StartAsync();
        var session = await coordinator.AcceptAsync(cancellation);
        await session.WelcomeAsync(1);
        var report = await session.ReportAsync(cancellation);
        Assert.Equal(("new", 2u), (report.BootProgress.SessionId, report.Sequence));
    }

    [Fact]
    public async Task Desired_state_is_stored_before_it_is_used_and_a_restart_tells_its_revision()
    {
        await using (var agent = await StartAsync())
        {
            var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            agent.Desired.Changed += stored.SetResult;
            var session = await coordinator.AcceptAsync(cancellation);
            Assert.Equal(0u, session.Hello.DesiredStateRevision);
            await session.WelcomeAsync(0);
            await session.SendAsync(new() { DesiredState = new() { Revision = 7 } });
            await stored.Task.WaitAsync(cancellation);
            Assert.Equal(7u, DesiredState.Parser.ParseFrom(await File.ReadAllBytesAsync(directory.File("desired-state.pb"), cancellation)).Revision);
        }
        await using var again = await StartAsync();
        Assert.Equal(7u, (await coordinator.AcceptAsync(cancellation)).Hello.DesiredStateRevision);
    }

    [Fact]
    public async Task Heartbeat_tells_what_was_refused()
    {
        await using var agent = await StartAsync();
        agent.Refused.Count("dhcp/truncated");
        agent.Refused.Count("dhcp/truncated");
        var session = await coordinator.AcceptAsync(cancellation);
        await session.WelcomeAsync(0);
        Assert.Equal(2u, (await session.HeartbeatAsync(cancellation)).Refused["dhcp/truncated"]);
    }

    [Fact]
    public async Task Session_shows_a_certificate_of_this_rack()
    {
        await using var agent = await StartAsync();
        var session = await coordinator.AcceptAsync(cancellation);
        Assert.Contains("CN=r1", session.Subject, StringComparison.Ordinal);
        Assert.Equal("r1", session.Hello.Rack);
    }

    private Task<AgentUnderTest> StartAsync() => AgentUnderTest.StartAsync(directory, coordinator.Endpoint, coordinator.Token);

    private async Task LoseWelcomedSessionAsync()
    {
        var session = await coordinator.AcceptAsync(cancellation);
        await session.WelcomeAsync(0);
        await session.HeartbeatAsync(cancellation);
        session.Refuse(StatusCode.Aborted, "a newer session came");
    }

    private static Report Boot(string session) => new() { BootProgress = new() { SessionId = session, Stage = BootStage.DhcpOffered } };

    private static IEnumerable<string> Delays(AgentUnderTest agent) =>
        agent.Log.Lines.Select(line => NextTry().Match(line)).Where(m => m.Success).Select(m => m.Groups[1].Value);

    [GeneratedRegex("next try in ([0-9.]+) s")]
    private static partial Regex NextTry();
}
