using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class Dhcp6ServiceTests : IDisposable
{
    private static readonly MacAddress OnlyIpv6 = MacAddress.Parse("52:54:00:00:00:01");
    private static readonly MacAddress Both = MacAddress.Parse("52:54:00:00:00:02");
    private static readonly IPAddress Ipv4OfBoth = IPAddress.Parse("10.9.0.2");

    private readonly TemporaryDirectory directory = new();
    private readonly FakeTimeProvider clock = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task A_restarted_agent_knows_where_machines_are_that_have_no_other_address()
    {
        await using (var store = await LeaseStore<Lease6>.OpenAsync(directory.Path, LeaseFormats.V6, new Lease6Table([], []), clock.GetUtcNow()))
            await store.AppendAsync([Lease(1, OnlyIpv6), Lease(2, Both)], clock.GetUtcNow());
        var sessions = new BootSessions(clock);
        sessions.SetAddress(Both, Ipv4OfBoth, clock.GetUtcNow().AddHours(1));
        await using var journal = await Journal.OpenAsync(directory.Path, clock, cancellation);
        await using var service = Service(sessions, journal);
        await service.StartAsync(cancellation);

        Assert.Equal(IPAddress.Parse("fd00::1"), sessions.AddressOf(OnlyIpv6));
        Assert.Equal(Ipv4OfBoth, sessions.AddressOf(Both));
        Assert.Equal(2, service.LeaseCount);
        await service.StopAsync(cancellation);
    }

    private Dhcp6Service Service(BootSessions sessions, Journal journal)
    {
        var subnet = new Dhcp6Subnet(Ipv6.ToNumber(IPAddress.Parse("fd00::")), 64, [], TimeSpan.FromHours(1));
        var config = new AgentConfig { DataDirectory = directory.Path, Dhcp6 = new(IPAddress.IPv6Loopback, 0, [subnet]) };
        var refused = new RefusalCounters();
        var reporter = new BootReporter(config, journal, refused, NullLogger<BootReporter>.Instance);
        return new(config, new(directory.Path), sessions, reporter, refused, clock, NullLogger<Dhcp6Service>.Instance);
    }

    private Lease6 Lease(uint number, MacAddress mac) =>
        new(Ipv6.ToNumber(IPAddress.Parse("fd00::")) + number, mac.ToString(), clock.GetUtcNow().AddHours(1));
}
