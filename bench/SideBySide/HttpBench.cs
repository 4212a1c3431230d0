namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>Boot assets by HTTP, from the page cache: one client and eight, beside nginx with sendfile.</summary>
internal static class HttpBench
{
    // One client takes a third of a second, and which core it runs on decides half of its rate.
    private const int Rounds = 15;
    private const double Megabyte = 1_000_000;
    private const long Large = 1L << 30;
    private const long Asset = 128 << 20; // About what an initramfs with extensions has.
    private const int ManyClients = 8;
    private const double Budget = 0.9;

    public static async Task<IReadOnlyList<Compared>> RunAsync()
    {
        var places = ServerPlace.Make("http", "agent", "nginx");
        var servers = new List<ServerHost>();
        try
        {
            foreach (var place in places)
            {
                WriteFiles(place);
                var server = place.Name == "agent"
                    ? await AgentServer.StartAsync(place)
                    : await ServerHost.StartAsync(place, "nginx", "-p", place.Folder, "-c", NginxConfig.Write(place), "-e", "stderr");
                servers.Add(await server.AnswersAsync(async () => (await Tool.TryAsync("curl", Curl(place, "small.bin"))).Code == 0));
            }
            return
            [
                await Compare("one client, 1 GiB", server => RateAsync(server.Place, "boot.bin", Large, 1)).RunAsync(Rounds),
                await Compare("8 clients, 128 MiB each", server => RateAsync(server.Place, "small.bin", Asset, ManyClients)).RunAsync(Rounds),
            ];
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }

        Comparison Compare(string what, Func<ServerHost, Task<double>> round)
        {
            Contender[] all = [.. servers.Select(server => new Contender(server.Place.Name, () => round(server), () => server.Memory))];
            return new(what, "MB/s", MoreIsBetter: true, Budget) { Agent = all[0], Others = all[1..] };
        }
    }

    private static void WriteFiles(ServerPlace place)
    {
        Directory.CreateDirectory(place["files"]);
        WriteZeros(place["files/boot.bin"], Large);
        WriteZeros(place["files/small.bin"], Asset);
    }

    // Written and not only sized: the page cache holds it, and no disk has a part in what follows.
    private static void WriteZeros(string path, long length)
    {
        using var file = File.Create(path);
        var piece = new byte[1 << 20];
        for (var written = 0L; written < length; written += piece.Length)
            file.Write(piece);
    }

    private static string[] Curl(ServerPlace place, string file) =>
        ["-sSf", "-m", "60", "-o", "/dev/null", $"http://{place.Address}/{(place.Name == "agent" ? "boot/x/" : "")}{file}"];

    private static async Task<double> RateAsync(ServerPlace place, string file, long length, int clients)
    {
        var time = await Tool.TimeAsync(Enumerable.Repeat<string[]>(["curl", .. Curl(place, file)], clients));
        return clients * length / Megabyte / time.TotalSeconds;
    }
}
