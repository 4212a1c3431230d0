using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Cozy.Fleet.Vm;

/// <summary>
/// Coordinator and agent as real processes inside the rack's namespace, the real CLI to talk to them, and the machines of the rack.
/// </summary>
internal sealed class FleetInNamespace(RackNetwork network, string directory) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);

    private readonly Lock gate = new(); // Machines live their lives side by side.
    private readonly List<LoggedProcess> processes = [];
    private readonly ConcurrentDictionary<Machine, LoggedProcess> consoles = [];
    private LoggedProcess? nodes;

    /// <summary>Starts both programs and makes the rack known; from then on it may be powered on.</summary>
    public async Task StartAsync(string guest, Scene scene, CancellationToken cancellation)
    {
        StartNeighbour();
        await StartAsync("coordinator", ["--data", Path.Combine(directory, "coordinator"), "--listen", "127.0.0.1:7443"], cancellation);
        await ApplyAsync("image", await Documents.ImageAsync(guest, scene.Guest, cancellation), cancellation);
        await ApplyAsync("rack", Documents.Rack(network.Arrangement), cancellation);
        var token = (await CliAsync(["token", "create", "--rack", "r1"], cancellation)).Trim().Split('\n')[^1];
        var config = Path.Combine(directory, "agent.yaml");
        await File.WriteAllTextAsync(config, Documents.Agent(Path.Combine(directory, "agent"), token, guest, scene), cancellation);
        await StartAsync("agent", ["--config", config], cancellation);
        nodes = Keep(LoggedProcess.Start("nodes", "ip", network.Inside(Cli(["watch", "nodes", "-o", "json"])), directory));
    }

    public async Task PowerOnAsync(Machine machine, CancellationToken cancellation)
    {
        foreach (var tap in machine.Taps)
            await network.AddTapAsync(tap, cancellation);
        consoles[machine] = Keep(VirtualMachine.PowerOn(network, machine, $"{machine.Kind}", directory));
    }

    /// <summary>Pulls the plug and puts it in again. Its console starts anew.</summary>
    public async Task PowerCycleAsync(Machine machine)
    {
        var console = consoles[machine];
        lock (gate)
            processes.Remove(console);
        await console.DisposeAsync();
        consoles[machine] = Keep(VirtualMachine.PowerOn(network, machine, $"{console.Name}-again", directory));
    }

    /// <summary>Waits until the machine's console, since it was switched on, has a line with that text.</summary>
    public Task UntilConsoleAsync(Machine machine, string text, TimeSpan limit, CancellationToken cancellation) => AwaitAsync(
        consoles[machine].LineAsync(line => line.Contains(text, StringComparison.Ordinal)), $"'{text}' of {machine.Kind}", limit, cancellation);

    /// <inheritdoc cref="RackRun.UntilAgentAsync"/>
    public async Task<string> UntilAgentAsync(string text, TimeSpan limit, CancellationToken cancellation)
    {
        var line = Running().Single(process => process.Name == "agent").LineAsync(line => line.Contains(text, StringComparison.Ordinal));
        await AwaitAsync(line, $"'{text}' of the agent", limit, cancellation);
        return await line;
    }

    /// <summary>Waits until the API tells that the node is so, and returns what it told.</summary>
    public async Task<NodeSeen> UntilAsync(string node, Func<NodeSeen, bool> isSo, TimeSpan limit, CancellationToken cancellation)
    {
        var line = nodes!.LineAsync(line => NodeSeen.Parse(line) is { } seen && seen.Name == node && isSo(seen));
        await AwaitAsync(line, $"node {node}", limit, cancellation);
        return NodeSeen.Parse(await line)!;
    }

    /// <summary>Runs `cozyfleet` to its end and returns what it printed.</summary>
    public Task<string> CliAsync(IEnumerable<string> arguments, CancellationToken cancellation) =>
        Tool.RunAsync("ip", network.Inside(Cli(arguments)), cancellation);

    public async Task ApplyAsync(string name, string yaml, CancellationToken cancellation)
    {
        var file = Path.Combine(directory, $"{name}.yaml");
        await File.WriteAllTextAsync(file, yaml, cancellation);
        await CliAsync(["apply", "-f", file], cancellation);
    }

    /// <summary>The command line of the CLI, for a person who wants to look around.</summary>
    public string CliCommand => $"ip {string.Join(' ', network.Inside(Cli([])))}";

    /// <summary>The newest lines of every program and console.</summary>
    public string Tails() => string.Join("\n", Running().Select(p => $"--- {p.Name}, in {directory}\n{string.Join('\n', p.Tail(12))}"));

    /// <summary>A file below the root of the repository.</summary>
    public static string InRepository(string path, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../..", path));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(Running()))
            await process.DisposeAsync();
    }

    private void StartNeighbour()
    {
        string[] program = network.Arrangement switch
        {
            Arrangement.BesideDnsmasq =>
            [
                "dnsmasq", "--no-daemon", "--user=root", "--conf-file=/dev/null", "--port=0", "--log-dhcp", "--no-ping", "--bind-interfaces",
                $"--interface={RackNetwork.NeighbourLink}", "--dhcp-range=10.77.0.100,10.77.0.199,1h",
                $"--dhcp-leasefile={Path.Combine(directory, "dnsmasq.leases")}",
            ],
            Arrangement.BesideKea =>
                ["env", $"KEA_PIDFILE_DIR={directory}", $"KEA_LOCKFILE_DIR={directory}", "kea-dhcp4", "-c", Path.Combine(directory, "kea.json")],
            Arrangement.BehindRelay =>
                ["dhcrelay", "-4", "-d", "-id", RackNetwork.FarBridge, "-iu", RackNetwork.NeighbourLink, RackNetwork.HostAddress],
            _ => [],
        };
        if (network.Arrangement == Arrangement.BesideKea)
            File.WriteAllText(Path.Combine(directory, "kea.json"), Documents.Kea(Path.Combine(directory, "kea.leases")));
        if (program.Length > 0)
            Keep(LoggedProcess.Start("neighbour", "ip", network.InsideNeighbour(program), directory));
    }

    private async Task StartAsync(string name, string[] arguments, CancellationToken cancellation)
    {
        var program = Program(char.ToUpperInvariant(name[0]) + name[1..], $"cozy-fleet-{name}");
        var process = Keep(LoggedProcess.Start(name, "ip", network.Inside(["dotnet", program, .. arguments]), directory));
        var ready = process.LineAsync(line => line.Contains("ready: ", StringComparison.Ordinal));
        await AwaitAsync(ready, $"{name} to be ready", StartLimit, cancellation);
    }

    // A program or machine that ends is a failure at once, not after the limit.
    private async Task AwaitAsync(Task wanted, string what, TimeSpan limit, CancellationToken cancellation)
    {
        var running = Running();
        var ends = running.ConvertAll(p => p.Ended);
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(limit);
        var late = Task.Delay(Timeout.InfiniteTimeSpan, timer.Token);
        var first = await Task.WhenAny([wanted, late, .. ends]);
        cancellation.ThrowIfCancellationRequested();
        if (first == late)
            throw new TimeoutException($"Waited {limit.TotalSeconds:0} seconds for {what}.");
        if (first != wanted)
            throw new InvalidOperationException($"{running[ends.IndexOf((Task<int>)first)].Name} ended while we waited for {what}.");
    }

    private LoggedProcess Keep(LoggedProcess process)
    {
        lock (gate)
            processes.Add(process);
        return process;
    }

    private List<LoggedProcess> Running()
    {
        lock (gate)
            return [.. processes];
    }

    private IEnumerable<string> Cli(IEnumerable<string> arguments) =>
        ["dotnet", Program("Cli", "cozyfleet"), "--context", Path.Combine(directory, "coordinator/admin.yaml"), .. arguments];

    private static string Program(string project, string assembly)
    {
        var configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        return InRepository($"src/{project}/bin/{configuration}/net10.0/{assembly}.dll");
    }
}
