namespace Cozy.Fleet.Agent.Tests.Wire;

/// <summary>
/// A rack's wire: a bridge with three ends, each in a network namespace of its own: the PXE host's, the machines', and another
/// server's. Nothing else of this computer is touched, and all go with the test.
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

    private string Other => name + "o";

    /// <summary>Makes the wire; skips the test where this computer cannot, and fails it where it must.</summary>
    public static async Task<Wire> CreateAsync(string[] programs, CancellationToken cancellation)
    {
        var reason = await ReasonAsync(programs, cancellation);
        Assert.False(reason != "" && Environment.GetEnvironmentVariable("CI") == "true", reason);
        Assert.SkipWhen(reason != "", reason);
        var wire = new Wire(cancellation);
        foreach (var side in new[] { wire.Host, wire.Machine, wire.Other })
            await Tool.RunAsync("ip", ["netns", "add", side], cancellation);
        await wire.IpAsync(wire.Host, "link", "add", HostLink, "type", "bridge");
        await wire.IpAsync(wire.Host, "link", "set", HostLink, "up");
        foreach (var (port, side) in new[] { ("m0", wire.Machine), ("o0", wire.Other) })
        {
            await wire.IpAsync(wire.Host, "link", "add", port, "type", "veth", "peer", "name", MachineLink, "netns", side);
            await wire.IpAsync(wire.Host, "link", "set", port, "master", HostLink, "up");
            await wire.IpAsync(side, "link", "set", MachineLink, "up");
        }
        await wire.IpAsync(wire.Host, "addr", "add", $"{HostAddress}/24", "dev", HostLink);
        await wire.IpAsync(wire.Other, "addr", "add", $"{OtherServer}/24", "dev", MachineLink);
        return wire;
    }

    /// <summary>The command line, for `ip`, that runs a program at the PXE host.</summary>
    public string[] AtHost(params IEnumerable<string> command) => ["netns", "exec", Host, .. command];

    /// <summary>The same at the other server.</summary>
    public string[] AtOther(params IEnumerable<string> command) => ["netns", "exec", Other, .. command];

    /// <summary>Runs a client where the machines are.</summary>
    public Task<(int Code, string Output)> AtMachineAsync(params IEnumerable<string> command) =>
        Tool.TryAsync("ip", ["netns", "exec", Machine, .. command], cancellation);

    public async Task GiveMachineAsync(string address)
    {
        await IpAsync(Machine, "addr", "flush", "dev", MachineLink);
        await IpAsync(Machine, "addr", "add", address + "/24", "dev", MachineLink);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var side in new[] { Machine, Other, Host })
            await Tool.TryAsync("ip", ["netns", "delete", side], CancellationToken.None);
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
