using System.Globalization;

namespace Cozy.Fleet.Vm;

/// <summary>
/// A rack's network on this machine: a network namespace of its own with a bridge, the PXE host's address on it, and a tap
/// device for each machine. Nothing outside the namespace is touched, and it goes with the test.
/// </summary>
internal sealed class RackNetwork : IAsyncDisposable
{
    public const string Bridge = "rack0";
    public const string HostAddress = "10.77.0.1";
    private const string Prefix = "fleet-vm-";

    private RackNetwork(string name) => Name = name;

    public string Name { get; }

    public static async Task<RackNetwork> CreateAsync(CancellationToken cancellation)
    {
        await RemoveOrphansAsync(cancellation);
        var network = new RackNetwork($"{Prefix}{Environment.ProcessId}");
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

    /// <summary>The command line that runs a program inside; `ip` becomes that program, so the process id is the program's.</summary>
    public string[] Inside(params IEnumerable<string> command) => ["netns", "exec", Name, .. command];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await RemoveAsync(Name, CancellationToken.None);

    // A run that was killed could not clean up. Its process id is in the name: where that process is gone, what it left goes too.
    private static async Task RemoveOrphansAsync(CancellationToken cancellation)
    {
        var list = await Tool.RunAsync("ip", ["netns", "list"], cancellation);
        var names = list.Split('\n').Select(line => line.Split(' ')[0]).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        foreach (var name in names.Where(name => !Directory.Exists($"/proc/{name[Prefix.Length..]}")))
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

    private Task<string> IpAsync(string[] arguments, CancellationToken cancellation) =>
        Tool.RunAsync("ip", ["-n", Name, .. arguments], cancellation);
}
