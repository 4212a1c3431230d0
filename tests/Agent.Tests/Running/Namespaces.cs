using System.Diagnostics;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>
/// A rack's link on this machine: a namespace with the PXE host's end, and one with a client's. Nothing outside of them is touched, and they
/// go with the test.
/// </summary>
internal sealed class Namespaces : IAsyncDisposable
{
    public const string HostLink = "rack0";
    public const string ClientLink = "eth0";
    public const string HostAddress = "10.88.0.1";

    private static int count;

    private readonly string name = $"wire-{Environment.ProcessId}-{Interlocked.Increment(ref count)}";
    private readonly TemporaryDirectory directory = new();
    private readonly List<Process> started = [];

    public string[] Host => ["ip", "netns", "exec", name + "-host"];

    public string[] Client => ["ip", "netns", "exec", name + "-client"];

    public string this[string file] => directory[file];

    /// <summary>Skips the test, with what is missing, where this machine has no namespaces or clients.</summary>
    public static async Task<Namespaces> CreateAsync(params string[] programs)
    {
        foreach (var program in programs.Prepend("ip"))
            Assert.SkipUnless(Tool.Exists(program), $"{program} is not installed");
        var namespaces = new Namespaces();
        var (code, output) = await Tool.RunAsync("ip", "netns", "add", namespaces.name + "-host");
        Assert.SkipUnless(code == 0, $"network namespaces cannot be made here: {output.Trim()}");
        await namespaces.LinkAsync();
        return namespaces;
    }

    /// <summary>Writes the agent's configuration and starts it on the host's side.</summary>
    /// <param name="dhcp">The value of that key.</param>
    /// <param name="tftp">The value of that key.</param>
    /// <param name="more">Further lines.</param>
    public async Task<AgentProcess> StartAgentAsync(string dhcp, string tftp = "{}", string more = "")
    {
        Directory.CreateDirectory(this["ipxe"]);
        await File.WriteAllBytesAsync(this["ipxe/undionly.kpxe"], Loader, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(this["ipxe/snponly.efi"], Loader, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(this["agent.yaml"], $$"""
            rack: r1
            data: {{this["data"]}}
            network: {interface: {{HostLink}}}
            dhcp: {{dhcp}}
            tftp: {{tftp}}
            ipxe: {directory: {{this["ipxe"]}}}
            {{more}}
            """, TestContext.Current.CancellationToken);
        return await AgentProcess.StartAsync(this["agent.yaml"], Host);
    }

    /// <summary>Not a multiple of any block size, with line ends in it.</summary>
    public static byte[] Loader { get; } = [.. Enumerable.Range(0, 74_157).Select(i => (byte)(i * 31))];

    public Task<(int Code, string Output)> AsClientAsync(params string[] command) => Tool.RunAsync([.. Client, .. command]);

    /// <summary>A program on the host's side for as long as the test lasts.</summary>
    public void Start(params string[] command) => Keep([.. Host, .. command]);

    /// <summary>The same on the clients' side.</summary>
    public void StartBeside(params string[] command) => Keep([.. Client, .. command]);

    public async Task<string> MetricsAsync()
    {
        var (code, output) = await AsClientAsync("curl", "-sS", "-m", "10", $"http://{HostAddress}/metrics");
        Assert.True(code == 0, output);
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in started)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
        foreach (var side in new[] { "-host", "-client" })
        {
            using var delete = Process.Start("ip", ["netns", "delete", name + side]);
            await delete.WaitForExitAsync();
        }
        directory.Dispose();
    }

    private void Keep(string[] command) => started.Add(Process.Start(command[0], command[1..]));

    private async Task LinkAsync()
    {
        var (host, client) = (name + "-host", name + "-client");
        foreach (var command in new[]
        {
            $"netns add {client}",
            $"-n {host} link add {HostLink} type veth peer name {ClientLink} netns {client}",
            $"-n {host} addr add {HostAddress}/24 dev {HostLink}",
            $"-n {host} link set {HostLink} up",
            $"-n {host} link set lo up",
            $"-n {client} link set {ClientLink} up",
        })
        {
            var (code, output) = await Tool.RunAsync(["ip", .. command.Split(' ')]);
            Assert.True(code == 0, $"ip {command}: {output}");
        }
    }
}
