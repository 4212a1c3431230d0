namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>Loaders by TFTP: one client, forty at once, and one that knows windows. Real clients (curl, atftp), real servers.</summary>
internal static class TftpBench
{
    private const int Rounds = 15; // The fastest are within a few hundredths of each other, a round's chance is as large.
    private const int ManyClients = 40;
    private const double Megabyte = 1_000_000;
    private const int Large = 32_000_000;
    private const int Small = 1_000_000; // About what ipxe.efi has.

    private static readonly string[] OnClientProcessor = ["taskset", "--cpu-list", "0"];
    private static readonly string ServerProcessor = Environment.ProcessorCount > 1 ? "1" : "0";

    public static async Task<IReadOnlyList<Compared>> RunAsync()
    {
        var places = ServerPlace.Make("tftp", "agent", "dnsmasq", "tftpd-hpa", "atftpd");
        var servers = new List<ServerHost>();
        try
        {
            foreach (var place in places)
            {
                WriteFiles(place);
                var server = place.Name == "agent" ? await AgentServer.StartAsync(place, hasDhcp: false) : await ServerHost.StartAsync(place, Command(place));
                servers.Add(await server.AnswersAsync(async () => (await Tool.TryAsync("curl", Curl(place, "small.bin", 1468))).Code == 0));
            }
            var many = await Compare("40 clients, blksize 1468", 1, server => ManyAsync(server.Place)).RunAsync(Rounds);
            // A lone client and its server wake each other for every block. Whether the scheduler happened to put them on one processor or on two
            // makes a block take 12 us or 17, whoever serves: here all have two.
            foreach (var server in servers)
                await server.PinAsync(ServerProcessor);
            var one = await Compare("one client, blksize 1468", 1, server => OneAsync(server.Place, 1468)).RunAsync(Rounds);
            var window = await Compare("one client, windowsize 16", 1, server => WindowAsync(server.Place)).RunAsync(Rounds);
            return [one, many, window];
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }

        Comparison Compare(string what, double budget, Func<ServerHost, Task<double>> round)
        {
            Contender[] all = [.. servers.Select(server => new Contender(server.Place.Name, () => round(server), () => server.Memory))];
            return new(what, "MB/s", MoreIsBetter: true, budget) { Agent = all[0], Others = all[1..] };
        }
    }

    private static void WriteFiles(ServerPlace place)
    {
        Directory.CreateDirectory(place["files"]);
        var content = new byte[Large];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(place["files/boot.bin"], content);
        File.WriteAllBytes(place["files/small.bin"], content[..Small]);
    }

    private static string[] Command(ServerPlace place) => place.Name switch
    {
        "dnsmasq" =>
        [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", "--bind-interfaces",
            $"--interface={ServerHost.Link}", $"--pid-file={place["pid"]}", "--enable-tftp", $"--tftp-root={place["files"]}", "--tftp-max=1000",
        ],
        "tftpd-hpa" =>
            [Path.GetFullPath(".run/bench/tftpd-hpa/usr/sbin/in.tftpd"), "-L", "-a", $"{place.Address}:69", "-u", "root", "-s", place["files"]],
        _ => ["atftpd", "--daemon", "--no-fork", "--user", "root.root", "--bind-address", place.Address, "--logfile", "-", place["files"]],
    };

    private static string[] Curl(ServerPlace place, string file, int blockSize) =>
        ["-sS", "-m", "60", "-o", "/dev/null", "--tftp-blksize", $"{blockSize}", $"tftp://{place.Address}/{file}"];

    private static async Task<double> OneAsync(ServerPlace place, int blockSize) =>
        Large / Megabyte / (await Tool.TimeAsync([[.. OnClientProcessor, "curl", .. Curl(place, "boot.bin", blockSize)]])).TotalSeconds;

    private static async Task<double> ManyAsync(ServerPlace place) => ManyClients * (Small / Megabyte)
        / (await Tool.TimeAsync(Enumerable.Repeat<string[]>(["curl", .. Curl(place, "small.bin", 1468)], ManyClients))).TotalSeconds;

    private static async Task<double> WindowAsync(ServerPlace place)
    {
        string[] options = ["--option", "blksize 1468", "--option", "windowsize 16"];
        return Large / Megabyte / (await Tool.TimeAsync(
            [[.. OnClientProcessor, "atftp", .. options, "-g", "-r", "boot.bin", "-l", "/dev/null", place.Address]])).TotalSeconds;
    }
}
