using System.Diagnostics;
using System.Globalization;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>
/// One server in a network namespace of its own, and a link from it to ours. `./fleet bench` has put us into namespaces of our own as well, of
/// processes and of the network: when we end, however that is, every server and link ends too.
/// </summary>
internal sealed class ServerHost : IDisposable
{
    public const string Link = "rack0";

    private readonly Process process;

    private ServerHost(Process process, ServerPlace place) => (this.process, Place) = (process, place);

    public ServerPlace Place { get; }

    /// <summary>Starts the server; it may not answer yet.</summary>
    public static async Task<ServerHost> StartAsync(ServerPlace place, params IEnumerable<string> command)
    {
        // It says that it is in its namespace, waits for its link, and becomes the server: the process id is the server's.
        const string Script = "echo inside; read _; exec \"$@\" >\"$0\" 2>&1 </dev/null";
        var start = new ProcessStartInfo("unshare", ["--net", "--", "sh", "-c", Script, place.Log, .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("unshare could not be started.");
        if (await process.StandardOutput.ReadLineAsync() is null)
            throw new InvalidOperationException($"A network namespace for {place.Name} could not be made.");
        await LinkAsync(place, process.Id);
        await process.StandardInput.WriteLineAsync();
        return new(process, place);
    }

    /// <summary>Megabytes in memory, the server's children among them.</summary>
    public double Memory => Tree(process.Id).Sum(Resident) / 1024.0;

    /// <summary>Waits until the question is answered.</summary>
    public async Task<ServerHost> AnswersAsync(Func<Task<bool>> question)
    {
        var patience = Stopwatch.StartNew();
        while (!await question())
        {
            if (process.HasExited || patience.Elapsed > TimeSpan.FromSeconds(20))
                throw new InvalidOperationException($"{Place.Name} does not answer; its output is in {Place.Log}:\n{File.ReadAllText(Place.Log)}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
        return this;
    }

    /// <summary>From now on the server, and the children that it starts, run on these processors alone: "1", "0-3".</summary>
    public Task PinAsync(string processors) =>
        Tool.RunAsync("taskset", "--all-tasks", "--cpu-list", "--pid", processors, process.Id.ToString(CultureInfo.InvariantCulture));

    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }

    private static async Task LinkAsync(ServerPlace place, int pid)
    {
        var id = pid.ToString(CultureInfo.InvariantCulture);
        await Tool.RunAsync("ip", "link", "add", place.OurLink, "type", "veth", "peer", "name", Link, "netns", id);
        await Tool.RunAsync("ip", "addr", "add", $"{place.OurAddress}/16", "dev", place.OurLink);
        await Tool.RunAsync("ip", "link", "set", place.OurLink, "up");
        string[] inside = ["-t", id, "-n", "ip"];
        await Tool.RunAsync("nsenter", [.. inside, "addr", "add", $"{place.Address}/16", "dev", Link]);
        await Tool.RunAsync("nsenter", [.. inside, "link", "set", Link, "up"]);
        await Tool.RunAsync("nsenter", [.. inside, "link", "set", "lo", "up"]);
    }

    private static IEnumerable<int> Tree(int root)
    {
        yield return root;
        var children = File.ReadAllText($"/proc/{root}/task/{root}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (var child in children.SelectMany(child => Tree(int.Parse(child, CultureInfo.InvariantCulture))))
            yield return child;
    }

    private static long Resident(int pid) => File.ReadLines($"/proc/{pid}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
}
