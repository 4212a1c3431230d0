namespace Cozy.Fleet.Agent.Tests.Wire;

/// <summary>
/// A wire with two ends, each in a network namespace of its own: the PXE host's, and the machines'. Nothing else of this computer is
/// touched, and both go with the test.
/// </summary>
internal sealed class Wire : IAsyncDisposable
{
    public const string HostAddress = "10.78.0.1";
    public const string OtherServer = "10.78.0.2";
    public const string HostLink = "rack0";
    public const string MachineLink = "eth0";

    private static int count;

    private readonly string name = $"fleet-wire-{Environment.ProcessId}-{Interlocked.Increment(ref count)}";
    private readonly CancellationToken cancellation;

    private Wire(CancellationToken cancellation) => this.cancellation = cancellation;

    private string Host => name + "h";

    private string Machine => name + "m";

    /// <summary>Makes the wire; skips the test where this computer cannot, and fails it where it must.</summary>
    public static async Task<Wire> CreateAsync(string[] programs, CancellationToken cancellation)
    {
        var reason = await ReasonAsync(programs, cancellation);
        Assert.False(reason != "" && Environment.GetEnvironmentVariable("CI") == "true", reason);
        Assert.SkipWhen(reason != "", reason);
        var wire = new Wire(cancellation);
        await Tool.RunAsync("ip", ["netns", "add", wire.Host], cancellation);
        await Tool.RunAsync("ip", ["netns", "add", wire.Machine], cancellation);
        await wire.IpAsync(wire.Host, "link", "add", HostLink, "type", "veth", "peer", "name", MachineLink, "netns", wire.Machine);
        await wire.IpAsync(wire.Host, "addr", "add", $"{HostAddress}/24", "dev", HostLink);
        await wire.IpAsync(wire.Host, "addr", "add", $"{OtherServer}/24", "dev", HostLink);
        foreach (var (side, link) in new[] { (wire.Host, "lo"), (wire.Host, HostLink), (wire.Machine, "lo"), (wire.Machine, MachineLink) })
            await wire.IpAsync(side, "link", "set", link, "up");
        return wire;
    }

    /// <summary>The command line, for `ip`, that runs a program at the PXE host.</summary>
    public string[] AtHost(params IEnumerable<string> command) => ["netns", "exec", Host, .. command];

    /// <summary>Runs a client where the machines are.</summary>
    public Task<(int Code, string Output)> AtMachineAsync(params IEnumerable<string> command) =>
        Tool.TryAsync("ip", ["netns", "exec", Machine, .. command], cancellation);

    public async Task GiveMachineAsync(string address)
    {
        await IpAsync(Machine, "addr", "flush", "dev", MachineLink);
        await IpAsync(Machine, "addr", "add", address + "/24", "dev", MachineLink);
    }

    public async Task<string> MachineMacAsync() =>
        (await AtMachineAsync("cat", $"/sys/class/net/{MachineLink}/address")).Output.Trim();

    public async ValueTask DisposeAsync()
    {
        await Tool.TryAsync("ip", ["netns", "delete", Machine], CancellationToken.None);
        await Tool.TryAsync("ip", ["netns", "delete", Host], CancellationToken.None);
    }

    private Task<string> IpAsync(string side, params string[] arguments) => Tool.RunAsync("ip", ["-n", side, .. arguments], cancellation);

    private static async Task<string> ReasonAsync(string[] programs, CancellationToken cancellation)
    {
        if (Environment.UserName != "root")
            return "only root can make network namespaces";
        if (programs.Append("ip").FirstOrDefault(p => !Tool.Exists(p)) is { } missing)
            return $"{missing} is not installed";
        return (await Tool.TryAsync("unshare", ["--net", "true"], cancellation)).Code == 0 ? "" : "this machine does not allow network namespaces";
    }
}
