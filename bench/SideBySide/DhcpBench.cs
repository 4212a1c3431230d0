using System.Globalization;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>
/// Relayed exchanges by Kea's perfdhcp, beside dnsmasq and Kea: the most a second that are nearly all answered, how long the slowest in a hundred
/// take at 2,000 a second, and what the agent holds in memory before and after. The agent's leases are on disk before it answers; dnsmasq and
/// Kea's memfile write theirs without that.
/// </summary>
internal static partial class DhcpBench
{
    private const int Rounds = 3;
    private const int SlowestRounds = 7;
    private const int Clients = 5000;
    private const double FirstRate = 250;
    private const double Known = 0.5; // Of what it did in the round before: nothing is lost there.
    private const double Step = 1.5;
    private const double FineStep = 1.08;
    private const int Tries = 3;
    private const double NothingLost = 0.99;
    private const double MoreThanOthers = 1.5;

    // Of design.md 6: the slowest of a hundred at this rate where the disk is fast enough, and the agent's memory before its work.
    private const int SteadyRate = 2000;
    private const double SlowestMilliseconds = 2;
    private const double IdleMegabytes = 50;

    // Of our own: what a rack's agent may hold after thousands of machines at once.
    private const double LoadedMegabytes = 80;

    public static async Task<IReadOnlyList<Compared>> RunAsync()
    {
        var places = ServerPlace.Make("dhcp", "agent", "dnsmasq", "kea");
        var servers = new List<ServerHost>();
        try
        {
            foreach (var place in places)
            {
                var server = place.Name == "agent" ? await AgentAsync(place) : await ServerHost.StartAsync(place, Command(place));
                servers.Add(await server.AnswersAsync(async () => (await ExchangeAsync(place, 10, 1)).Completed > 0));
            }
            var idle = servers.ToDictionary(server => server, server => server.Memory);
            var before = servers.ToDictionary(server => server, _ => 0.0);
            var most = await Compare("exchanges, 1 % lost at most", "1/s", async server =>
                before[server] = await MostAsync(server.Place, Math.Max(FirstRate, Known * before[server]))).RunAsync(Rounds);
            var rate = RateOf(most.Contenders[0].Figure.Median);
            return
            [
                most,
                await (Compare($"slowest of 100 at {rate}/s", "ms", server => SlowestAsync(server.Place, rate), SlowestMilliseconds) with
                {
                    Floor = new("disk, twice", () => TwoFlushesAsync(servers[^1].Place, rate), () => 0),
                }).RunAsync(SlowestRounds),
                await Compare("memory before the load", "MB", server => Task.FromResult(idle[server]), IdleMegabytes).RunAsync(1),
                await Compare("memory after the load", "MB", server => Task.FromResult(server.Memory), LoadedMegabytes).RunAsync(1),
            ];
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }

        Comparison Compare(string what, string unit, Func<ServerHost, Task<double>> round, double? limit = null)
        {
            Contender[] all = [.. servers.Select(server => new Contender(server.Place.Name, () => round(server), () => server.Memory))];
            return new(what, unit, limit is null, limit is null ? MoreThanOthers : 1) { Agent = all[0], Others = all[1..], Limit = limit };
        }
    }

    // Close to all that server and client can do on one machine every wait is the queue's, whoever answers: then half of that is the rate.
    private static int RateOf(double most)
    {
        if (most >= 2 * SteadyRate)
            return SteadyRate;
        Console.WriteLine($"dhcp: agent and client together do {most:F0}/s on this machine: the slowest of 100 is taken at half of that");
        return Math.Max(1, (int)(most / 2));
    }

    private static Task<ServerHost> AgentAsync(ServerPlace place)
    {
        Directory.CreateDirectory(place["files"]);
        return AgentServer.StartAsync(place);
    }

    private static string[] Command(ServerPlace place) => place.Name == "dnsmasq"
        ?
        [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", $"--interface={ServerHost.Link}", "--no-ping",
            "--quiet-dhcp", $"--pid-file={place["pid"]}", $"--dhcp-leasefile={place["leases"]}", "--dhcp-authoritative", "--dhcp-lease-max=100000",
            $"--dhcp-range={place.Network}.16.0,{place.Network}.250.255,255.255.0.0,1h",
        ]
        : ["env", $"KEA_LOCKFILE_DIR={place.Folder}", $"KEA_PIDFILE_DIR={place.Folder}", "kea-dhcp4", "-c", WriteKea(place)];

    private static string WriteKea(ServerPlace place)
    {
        File.WriteAllText(place["kea.json"], $$"""
            { "Dhcp4": {
              "interfaces-config": { "interfaces": ["{{ServerHost.Link}}"], "dhcp-socket-type": "udp" },
              "lease-database": { "type": "memfile", "persist": true, "name": "{{place["leases.csv"]}}" },
              "valid-lifetime": 3600,
              "subnet4": [ { "subnet": "{{place.Network}}.0.0/16", "pools": [ { "pool": "{{place.Network}}.16.0-{{place.Network}}.250.255" } ] } ],
              "loggers": [ { "name": "kea-dhcp4", "severity": "ERROR", "output_options": [ { "output": "stderr" } ] } ]
            } }
            """);
        return place["kea.json"];
    }

    // Ever more are asked for, in large steps and then in small ones, until some get no answer; what was completed before that counts.
    private static async Task<double> MostAsync(ServerPlace place, double first)
    {
        var (best, rate) = (0.0, first);
        foreach (var step in new[] { Step, FineStep })
        {
            while (await AnswersAllAsync(place, rate) is { } completed)
                (best, rate) = (Math.Max(best, completed), rate * step);
            rate *= FineStep / step;
        }
        return best > 0 || first <= FirstRate ? best : await MostAsync(place, FirstRate);
    }

    // Whatever else the machine does at that moment is no fault of the server: it gets three tries at each rate.
    private static async Task<double?> AnswersAllAsync(ServerPlace place, double rate)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var (completed, share) = await ExchangeAsync(place, (int)rate, 1.5);
            if (share >= NothingLost)
                return completed;
        }
        return null;
    }

    /// <summary>Completed exchanges a second, and their share of those that were begun.</summary>
    private static async Task<(double Completed, double Share)> ExchangeAsync(ServerPlace place, int rate, double seconds)
    {
        var output = await PerfdhcpAsync(place, rate, seconds);
        var numbers = Packets().Matches(output).Select(m => Number(m.Groups[1])).ToArray();
        var found = Rate().Match(output);
        return numbers.Length >= 4 && found.Success
            ? (Number(found.Groups[1]), numbers[3] / numbers[0])
            : throw new InvalidOperationException($"perfdhcp says what nobody understands: {output}");
    }

    // Of all four packets' ways: the time from a client's message to its answer, of OFFERs and ACKs alike. What was lost is not among them.
    private static async Task<double> SlowestAsync(ServerPlace place, int rate)
    {
        var output = await PerfdhcpAsync(place, rate, 3, "-x", "t");
        var waits = Times().Matches(output).Select(m => Number(m.Groups[2]) - Number(m.Groups[1])).Order().ToArray();
        return waits.Length > 0 ? waits[waits.Length * 99 / 100] * 1000 : double.PositiveInfinity;
    }

    // Two are what a lease may have to wait for; here, while somebody answers as many clients without them.
    private static async Task<double> TwoFlushesAsync(ServerPlace other, int rate) =>
        2 * await DiskFlush.SlowestOf100Async(other.Folder, SlowestAsync(other, rate));

    private static async Task<string> PerfdhcpAsync(ServerPlace place, int rate, double seconds, params string[] more)
    {
        string[] options = ["-4", "-l", place.OurAddress, "-r", $"{rate}", "-R", $"{Clients}", "-W", "200000", "-n", $"{Math.Max(1, (int)(rate * seconds))}"];
        // It ends with 3 when some exchanges got no answer; that is a figure here and no failure.
        var (code, output) = await Tool.TryAsync("perfdhcp", [.. options, .. more, "-p", $"{Math.Max(1, (int)Math.Ceiling(seconds))}", place.Address]);
        return code is 0 or 3 ? output : throw new InvalidOperationException($"perfdhcp ended with {code}: {output}");
    }

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?:sent|received) packets: (\d+)")]
    private static partial Regex Packets();

    [GeneratedRegex(@"Rate: ([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"sent / received: ([\d.]+) / ([\d.]+)")]
    private static partial Regex Times();
}
