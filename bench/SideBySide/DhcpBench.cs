using System.Globalization;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>
/// Relayed exchanges by Kea's perfdhcp, beside dnsmasq and Kea. The agent's leases are on disk before it answers; dnsmasq and Kea's memfile write
/// theirs without that.
/// </summary>
internal static partial class DhcpBench
{
    private const int Rounds = 3;
    private const int Clients = 5000;
    private const double FirstRate = 250;
    private const double Step = 1.5;
    private const double NothingLost = 0.99;

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
            Contender[] all = [.. servers.Select(server => new Contender(server.Place.Name, () => MostAsync(server.Place), () => server.Memory))];
            return
            [
                await new Comparison("exchanges, 1 % lost at most", "1/s", MoreIsBetter: true, 1.5) { Agent = all[0], Others = all[1..] }.RunAsync(Rounds),
            ];
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
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

    // Ever more are asked for, until some get no answer; what was completed before that counts.
    private static async Task<double> MostAsync(ServerPlace place)
    {
        var best = 0.0;
        for (var rate = FirstRate; ; rate *= Step)
        {
            var (completed, share) = await ExchangeAsync(place, (int)rate, 1.5);
            if (share < NothingLost)
                return best > 0 ? best : share * completed;
            best = Math.Max(best, completed);
        }
    }

    /// <summary>Completed exchanges a second, and their share of those that were begun.</summary>
    private static async Task<(double Completed, double Share)> ExchangeAsync(ServerPlace place, int rate, double seconds)
    {
        string[] options = ["-4", "-l", place.OurAddress, "-r", $"{rate}", "-R", $"{Clients}", "-W", "200000", "-n", $"{Math.Max(1, (int)(rate * seconds))}"];
        // It ends with 3 when some exchanges got no answer; that is a figure here and no failure.
        var (code, output) = await Tool.TryAsync("perfdhcp", [.. options, "-p", $"{Math.Max(1, (int)Math.Ceiling(seconds))}", place.Address]);
        var numbers = Packets().Matches(output).Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();
        var found = Rate().Match(output);
        return code is 0 or 3 && numbers.Length >= 4 && found.Success
            ? (double.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture), numbers[3] / numbers[0])
            : throw new InvalidOperationException($"perfdhcp ended with {code}: {output}");
    }

    [GeneratedRegex(@"(?:sent|received) packets: (\d+)")]
    private static partial Regex Packets();

    [GeneratedRegex(@"Rate: ([\d.]+)")]
    private static partial Regex Rate();
}
