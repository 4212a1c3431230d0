using System.Globalization;
using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>
/// The agent's promise: who got an ACK has the lease, whatever happens. <c>COZY_FLEET_KILLS</c> is how often it is killed,
/// <c>COZY_FLEET_SEED</c> repeats a run's choices.
/// </summary>
public sealed class KillLoopTests
{
    private const int Workers = 32;
    private const int MostAcknowledgements = 400;
    private const int Returning = 40;

    [Fact]
    public async Task Killed_at_any_moment_under_load_the_agent_loses_no_acknowledged_lease_and_gives_no_address_twice()
    {
        var kills = Setting("COZY_FLEET_KILLS", 6);
        var seed = Setting("COZY_FLEET_SEED", Environment.TickCount);
        var random = new Random(seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"COZY_FLEET_SEED={seed}, {kills} kills");
        using var rack = new LoopbackAgent().Write(wide: true);
        using var load = new DhcpLoad(rack.Relay);

        for (var kill = 1; kill <= kills; kill++)
        {
            await using var agent = await rack.StartAsync();
            var server = new IPEndPoint(rack.Address, agent.DhcpPort);
            Assert.Empty(await ForgottenAsync(load, server, random));

            using var round = new CancellationTokenSource();
            var enough = load.AcknowledgedAsync(random.Next(1, MostAcknowledgements));
            var workers = Enumerable.Range(0, Workers).Select(_ => new Random(random.Next()))
                .Select(own => Task.Run(() => load.RunAsync(server, own, round.Token))).ToArray();
            await enough;
            await agent.KillAsync();
            await round.CancelAsync();
            await Task.WhenAll(workers);

            Assert.Equal((seed, kill, ""), (seed, kill, string.Join('\n', await MissingAsync(rack, load))));
            Assert.Equal((seed, kill, ""), (seed, kill, string.Join('\n', load.GivenTwice)));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{load.Owners.Count} leases are kept");
    }

    // What the file holds, read from a copy: a cut-off end is cut off as the agent would do it.
    private static async Task<List<string>> MissingAsync(LoopbackAgent rack, DhcpLoad load)
    {
        using var copy = new TemporaryDirectory();
        File.Copy(Path.Combine(rack.Data, "leases.log"), copy["leases.log"]);
        var table = new LeaseTable([], []);
        var now = TimeProvider.System.GetUtcNow();
        await using (await LeaseStore<Lease>.OpenAsync(copy.Path, LeaseFormats.V4, table, now))
        {
            var stored = table.List(now).ToDictionary(l => Ipv4.ToAddress(l.Address), l => l.Mac);
            return [.. load.Owners.Where(o => !stored.TryGetValue(o.Key, out var mac) || mac != o.Value).Select(o => $"{o.Key} of {o.Value} is lost")];
        }
    }

    private static async Task<List<string>> ForgottenAsync(DhcpLoad load, IPEndPoint server, Random random)
    {
        var known = load.Owners.ToArray();
        random.Shuffle(known);
        var forgotten = new List<string>();
        foreach (var (address, mac) in known.Take(Returning))
        {
            if (!await load.ComeBackAsync(server, mac, address, TestContext.Current.CancellationToken))
                forgotten.Add($"{address} of {mac}");
        }
        return forgotten;
    }

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : fallback;
}
