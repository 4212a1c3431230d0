using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Simulator.Firmware;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>The agent's process against a coordinator over real TLS.</summary>
public sealed class SessionTests
{
    private const string Mac = "52:54:00:00:00:01";

    [Fact]
    public async Task It_enrols_once_by_the_pinned_ca_and_shows_its_certificate_from_then_on()
    {
        await using var coordinator = await StartedAsync(new());
        using var rack = new LoopbackAgent().Write(coordinator);
        await using (var agent = await rack.StartAsync())
        {
            var session = await coordinator.SessionAsync();
            Assert.Equal("CN=r1, O=cozyfleet:agents", string.Join(", ", session.Client.Split(", ").Order()));
            Assert.Equal(("r1", agent.Http.ToString()), (session.Hello.Rack, session.Hello.BootUrl));
            // The ports that are really bound: both are 0 in the configuration.
            await agent.LineAsync($"events are taken at http://{session.Hello.EventSink}");
            var log = session.Hello.KernelLog["tcp://".Length..].Replace(":", " port ", StringComparison.Ordinal);
            await agent.LineAsync($"kernel logs are taken at {log}");
            Assert.DoesNotContain(coordinator.Secret, agent.Output, StringComparison.Ordinal);
            Assert.Equal(0, await agent.TerminateAsync());
        }
        foreach (var file in new[] { "agent.pem", "coordinator-ca.crt", "leases.log", "journal.log", "commands.log" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(rack.Data, file)));

        await using var again = await rack.Write(coordinator, token: "used").StartAsync();

        Assert.Equal("r1", (await coordinator.SessionAsync()).Hello.Rack);
        Assert.Equal(1, coordinator.Enrolments);
    }

    [Theory]
    [InlineData("pin", "does not show the CA that the token names")]
    [InlineData("used", "The coordinator refused the token: the token was used")]
    [InlineData("rack", "The token is for rack r2, the configuration says r1.")]
    [InlineData("form", "The token is not one that `cozyfleet token create` printed")]
    public async Task A_token_that_cannot_be_right_ends_it_with_one_sentence(string what, string sentence)
    {
        await using var coordinator = await StartedAsync(new()
        {
            Rack = what == "rack" ? "r2" : "r1", Refusal = what == "used" ? "the token was used" : null,
        });
        using var rack = new LoopbackAgent().Write(coordinator, what switch
        {
            "pin" => $"cozy1.id.{coordinator.Secret}.{new string('0', 64)}",
            "form" => "not-a-token",
            _ => null,
        });
        await using var agent = AgentProcess.Launch(["--config", rack.ConfigFile]);

        Assert.Equal(1, await agent.ExitCodeAsync());
        await agent.LineAsync(sentence);
        Assert.DoesNotContain("   at ", agent.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(coordinator.Secret, agent.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(rack.Data, "agent.pem")));
    }

    [Fact]
    public async Task While_the_coordinator_is_away_machines_boot_and_the_reports_arrive_later_in_order_and_once()
    {
        await using var coordinator = await StartedAsync(new());
        using var rack = new LoopbackAgent().Write(coordinator);
        await using var agent = await rack.StartAsync();
        await (await coordinator.SessionAsync()).SendAsync(new() { DesiredState = new() { Revision = 3, UnknownAction = BootAction.Disk } });
        await agent.LineAsync("desired state 3");
        await rack.BootAsync(agent, Mac);
        Assert.Equal(["DhcpOffered", "LoaderFetched", "Disk"], await StagesAsync(coordinator, 3, from: 1));

        await coordinator.StopAsync();
        await agent.LineAsync("no session with the coordinator");
        Assert.IsType<BootSource.Disk>(await rack.BootAsync(agent, Mac));
        await coordinator.StartAsync();

        Assert.Equal(3UL, (await coordinator.SessionAsync()).Hello.DesiredStateRevision);
        Assert.Equal(["DhcpOffered", "LoaderFetched", "Disk"], await StagesAsync(coordinator, 3, from: 4));
    }

    [Fact]
    public async Task After_a_broken_line_exactly_the_unacknowledged_reports_come_again()
    {
        await using var coordinator = await StartedAsync(new() { Acknowledges = false });
        using var rack = new LoopbackAgent().Write(coordinator);
        await using var agent = await rack.StartAsync();
        var session = await coordinator.SessionAsync();
        await rack.BootAsync(agent, Mac);
        Assert.Equal(3, (await StagesAsync(coordinator, 3, from: 1)).Length);

        coordinator.Acknowledged = 2; // Stored, and the line broke before the acknowledgement arrived.
        session.Drop();
        var next = await coordinator.SessionAsync();

        Assert.Equal(session.Hello.JournalId, next.Hello.JournalId);
        Assert.Equal(["Disk"], await StagesAsync(coordinator, 1, from: 3));
    }

    [Fact]
    public async Task A_certificate_that_is_old_is_renewed_before_the_session_begins()
    {
        await using var coordinator = await StartedAsync(new() { CertificateLife = TimeSpan.FromHours(1) });
        using var rack = new LoopbackAgent().Write(coordinator);
        await using var agent = await rack.StartAsync();

        Assert.Equal("r1", (await coordinator.SessionAsync()).Hello.Rack);

        Assert.Equal((1, 1), (coordinator.Enrolments, coordinator.Renewals));
    }

    [Fact]
    public async Task Without_a_coordinator_that_answers_it_keeps_trying_and_serves()
    {
        await using var coordinator = await StartedAsync(new());
        await coordinator.StopAsync();
        using var rack = new LoopbackAgent().Write(coordinator);
        await using var agent = await rack.StartAsync();

        await agent.LineAsync("no session with the coordinator");

        Assert.IsType<BootSource.Disk>(await rack.BootAsync(agent, Mac));
        await coordinator.StartAsync();
        Assert.Equal("r1", (await coordinator.SessionAsync()).Hello.Rack);
    }

    [Fact]
    public async Task An_order_without_a_known_address_has_a_result_and_the_session_goes_on()
    {
        await using var coordinator = await StartedAsync(new());
        using var rack = new LoopbackAgent().Write(coordinator);
        await using var agent = await rack.StartAsync();
        var session = await coordinator.SessionAsync();

        await session.SendAsync(new()
        {
            Command = new()
            {
                OperationId = "op-1", Owner = "rollouts/r", Cluster = "c", Node = "n", Reboot = new(),
                Deadline = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddMinutes(1)),
            },
        });

        var result = (await coordinator.ReportAsync()).CommandResult;
        Assert.Equal(("op-1", CommandOutcome.Failed, FailureClass.Transient), (result.OperationId, result.Outcome, result.FailureClass));
    }

    private static async Task<CoordinatorDouble> StartedAsync(CoordinatorDouble coordinator)
    {
        await coordinator.StartAsync();
        return coordinator;
    }

    /// <summary>The next reports, whose numbers must follow each other.</summary>
    private static async Task<string[]> StagesAsync(CoordinatorDouble coordinator, int count, ulong from)
    {
        var stages = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var report = await coordinator.ReportAsync();
            Assert.Equal(from + (ulong)i, report.Sequence);
            Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$", report.Traceparent);
            stages.Add(report.BootProgress.Stage.ToString());
        }
        return [.. stages];
    }
}
