using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Commands;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Dhcp;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cozy.Fleet.Agent.Tests.Session;

/// <summary>The session of an agent with everything that it works on, and no boot servers.</summary>
internal sealed class AgentUnderTest : IAsyncDisposable
{
    private readonly CommandLog commands;
    private readonly ApplicationLifetime lifetime = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly HttpClient http = new();

    private AgentUnderTest(AgentConfig config, Journal journal)
    {
        (Config, Journal) = (config, journal);
        commands = CommandLog.Open(config.DataDirectory);
        var clock = TimeProvider.System;
        Desired = new(config.DataDirectory);
        var sessions = new BootSessions(clock);
        var addresses = new AddressBook(Desired, sessions);
        var executor = new CommandExecutor(
            commands, new CommandActions(config, addresses, clock), journal, clock, NullLogger<CommandExecutor>.Instance);
        var observer = new Observer(
            config, sessions, addresses, new NodeProbe(config, clock), journal, clock, NullLogger<Observer>.Instance);
        Loop = new(config, new AgentIdentity(config, clock), journal, Desired, executor, observer,
            new BootReporter(config, journal, NullLogger<BootReporter>.Instance),
            new AssetCache(config, Desired, http, clock, NullLogger<AssetCache>.Instance),
            new LeaseTable([], []), Refused, clock, new SteadyRandom(0.1), lifetime, Log);
    }

    public AgentConfig Config { get; }

    public Journal Journal { get; }

    public DesiredStateStore Desired { get; }

    public RefusalCounters Refused { get; } = new();

    public SessionLoop Loop { get; }

    public ListLogger<SessionLoop> Log { get; } = new();

    /// <summary>True when the agent asked its host to stop.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    public static async Task<AgentUnderTest> StartAsync(TestDirectory directory, string endpoint, string token)
    {
        var config = new AgentConfig
        {
            Rack = "r1", DataDirectory = directory.Path, CoordinatorEndpoint = new(endpoint), Token = token, Address = IPAddress.Loopback,
        };
        var agent = new AgentUnderTest(config, await Journal.OpenAsync(directory.Path, TimeProvider.System, CancellationToken.None));
        await agent.Loop.StartAsync(CancellationToken.None);
        return agent;
    }

    public async ValueTask DisposeAsync()
    {
        await Loop.StopAsync(CancellationToken.None);
        await Journal.DisposeAsync();
        await commands.DisposeAsync();
        http.Dispose();
    }

    /// <summary>Chance that always says the same.</summary>
    private sealed class SteadyRandom(double value) : Random
    {
        public override double NextDouble() => value;
    }
}
