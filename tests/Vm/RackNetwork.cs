namespace Cozy.Fleet.Vm;

/// <summary>
/// A rack's network on this machine: a network namespace of its own with a bridge, the PXE host's address on it, and a tap
/// device for each machine. Nothing outside the namespace is touched, and it goes with the test.
/// </summary>
internal sealed class RackNetwork : IAsyncDisposable
{
    public const string Bridge = "rack0";
    public const string HostAddress = "10.77.0.1";

    private RackNetwork(string name) => Name = name;

    public string Name { get; }

    public static async Task<RackNetwork> CreateAsync(CancellationToken cancellation)
    {
        var network = new RackNetwork($"fleet-vm-{Environment.ProcessId}");
        await Tool.RunAsync("ip", ["netns", "add", network.Name], cancellation);
        await network.IpAsync(["link", "set", "lo", "up"], cancellation);
        await network.IpAsync(["link", "add", Bridge, "type", "bridge"], cancellation);
        await network.IpAsync(["addr", "add", $"{HostAddress}/24", "dev", Bridge], cancellation);
        await network.IpAsync(["link", "set", Bridge, "up"], cancellation);
        return network;
    }

    public async Task AddTapAsync(string tap, CancellationToken cancellation)
    {
        await IpAsync(["tuntap", "add", tap, "mode", "tap"], cancellation);
        await IpAsync(["link", "set", tap, "master", Bridge], cancellation);
        await IpAsync(["link", "set", tap, "up"], cancellation);
    }

    /// <summary>The command line that runs a program inside.</summary>
    public string[] Inside(params IEnumerable<string> command) => ["netns", "exec", Name, .. command];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Tool.RunAsync("ip", ["netns", "delete", Name], CancellationToken.None);

    private Task<string> IpAsync(string[] arguments, CancellationToken cancellation) =>
        Tool.RunAsync("ip", ["-n", Name, .. arguments], cancellation);
}
