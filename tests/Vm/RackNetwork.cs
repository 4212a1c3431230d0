using System.Globalization;

namespace Cozy.Fleet.Vm;

/// <summary>What else there is between the agent and its machines.</summary>
public enum Arrangement
{
    /// <summary>Nothing: the agent gives the addresses.</summary>
    Server,

    /// <summary>The agent gives IPv6 addresses, and there is no IPv4 for the machines.</summary>
    Ipv6,

    /// <summary>dnsmasq on a host of its own gives the addresses, and the agent is a proxy.</summary>
    BesideDnsmasq,

    /// <summary>The same with Kea.</summary>
    BesideKea,

    /// <summary>The machines are in another network, behind ISC's relay.</summary>
    BehindRelay,
}

/// <summary>
/// A rack's network on this machine: a network namespace of its own with a bridge, the PXE host's address on it, and a tap
/// device for each machine. Where there is another host, it has a second namespace; behind a relay it has the machines as well.
/// Nothing outside the namespaces is touched, and they go with the test.
/// </summary>
internal sealed class RackNetwork : IAsyncDisposable
{
    public const string Bridge = "rack0";
    public const string HostAddress = "10.77.0.1";
    public const string HostAddress6 = "fd00:77::1";
    public const string NeighbourAddress = "10.77.0.2";
    public const string NeighbourLink = "link0";
    public const string FarBridge = "far0";
    public const string FarAddress = "10.78.0.1";
    private const string Prefix = "fleet-vm-";

    private RackNetwork(string name, Arrangement arrangement) => (Name, Arrangement) = (name, arrangement);

    public string Name { get; }

    public Arrangement Arrangement { get; }

    private string Neighbour => $"{Name}-neighbour";

    private bool HasNeighbour => Arrangement is not (Arrangement.Server or Arrangement.Ipv6);

    private bool IsRelayed => Arrangement == Arrangement.BehindRelay;

    public static async Task<RackNetwork> CreateAsync(Arrangement arrangement, CancellationToken cancellation)
    {
        await RemoveOrphansAsync(cancellation);
        var network = new RackNetwork($"{Prefix}{Environment.ProcessId}", arrangement);
        await Tool.RunAsync("ip", ["netns", "add", network.Name], cancellation);
        await IpAsync(network.Name, "link set lo up", cancellation);
        await AddBridgeAsync(network.Name, Bridge, HostAddress, cancellation);
        if (arrangement == Arrangement.Ipv6)
            await IpAsync(network.Name, $"addr add {HostAddress6}/64 dev {Bridge} nodad", cancellation);
        if (network.HasNeighbour)
            await network.AddNeighbourAsync(cancellation);
        if (network.IsRelayed)
            await network.AddFarNetworkAsync(cancellation);
        return network;
    }

    public async Task AddTapAsync(string tap, CancellationToken cancellation)
    {
        var (name, bridge) = IsRelayed ? (Neighbour, FarBridge) : (Name, Bridge);
        await IpAsync(name, $"tuntap add {tap} mode tap", cancellation);
        await IpAsync(name, $"link set {tap} master {bridge} up", cancellation);
    }

    /// <summary>The command line that runs a program inside; `ip` becomes that program, so the process id is the program's.</summary>
    public string[] Inside(params IEnumerable<string> command) => ["netns", "exec", Name, .. command];

    /// <summary>The same for what runs on the other host.</summary>
    public string[] InsideNeighbour(params IEnumerable<string> command) => ["netns", "exec", Neighbour, .. command];

    /// <summary>The same where the machines' taps are.</summary>
    public string[] InsideMachines(params IEnumerable<string> command) => IsRelayed ? InsideNeighbour(command) : Inside(command);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (HasNeighbour)
            await RemoveAsync(Neighbour, CancellationToken.None);
        await RemoveAsync(Name, CancellationToken.None);
    }

    private async Task AddNeighbourAsync(CancellationToken cancellation)
    {
        await Tool.RunAsync("ip", ["netns", "add", Neighbour], cancellation);
        await IpAsync(Name, $"link add neighbour0 master {Bridge} type veth peer name {NeighbourLink} netns {Neighbour}", cancellation);
        await IpAsync(Name, "link set neighbour0 up", cancellation);
        await IpAsync(Neighbour, "link set lo up", cancellation);
        await IpAsync(Neighbour, $"addr add {NeighbourAddress}/24 dev {NeighbourLink}", cancellation);
        await IpAsync(Neighbour, $"link set {NeighbourLink} up", cancellation);
    }

    private async Task AddFarNetworkAsync(CancellationToken cancellation)
    {
        await AddBridgeAsync(Neighbour, FarBridge, FarAddress, cancellation);
        await IpAsync(Name, $"route add 10.78.0.0/24 via {NeighbourAddress}", cancellation);
        await Tool.RunAsync("ip", InsideNeighbour("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"), cancellation);
    }

    private static async Task AddBridgeAsync(string name, string bridge, string address, CancellationToken cancellation)
    {
        await IpAsync(name, $"link add {bridge} type bridge", cancellation);
        await IpAsync(name, $"addr add {address}/24 dev {bridge}", cancellation);
        await IpAsync(name, $"link set {bridge} up", cancellation);
    }

    // A run that was killed could not clean up. Its process id is in the name: where that process is gone, what it left goes too.
    private static async Task RemoveOrphansAsync(CancellationToken cancellation)
    {
        var list = await Tool.RunAsync("ip", ["netns", "list"], cancellation);
        var names = list.Split('\n').Select(line => line.Split(' ')[0]).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        foreach (var name in names.Where(name => !Directory.Exists($"/proc/{name[Prefix.Length..].Split('-')[0]}")))
            await RemoveAsync(name, cancellation);
    }

    // Whatever still runs inside was started by the run that made the namespace.
    private static async Task RemoveAsync(string name, CancellationToken cancellation)
    {
        var left = await Tool.RunAsync("ip", ["netns", "pids", name], cancellation);
        foreach (var id in left.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Running(int.Parse(id, CultureInfo.InvariantCulture)) is { } process)
                await Tool.EndAsync(process);
        }
        await Tool.RunAsync("ip", ["netns", "delete", name], cancellation);
    }

    private static System.Diagnostics.Process? Running(int id)
    {
        try
        {
            return System.Diagnostics.Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null; // It ended since the list was made.
        }
    }

    private static Task<string> IpAsync(string name, string arguments, CancellationToken cancellation) =>
        Tool.RunAsync("ip", ["-n", name, .. arguments.Split(' ')], cancellation);
}
