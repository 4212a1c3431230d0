using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Vm;

/// <summary>Coordinator and agent as real processes inside the rack's namespace, and the real CLI to talk to them.</summary>
internal sealed partial class FleetInNamespace : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly RackNetwork network;
    private readonly string directory;
    private readonly List<LoggedProcess> processes = [];

    private FleetInNamespace(RackNetwork network, string directory) => (this.network, this.directory) = (network, directory);

    public static async Task<FleetInNamespace> StartAsync(
        RackNetwork network, string directory, CancellationToken cancellation)
    {
        var fleet = new FleetInNamespace(network, directory);
        await fleet.StartCoordinatorAsync(cancellation);
        await fleet.StartAgentAsync(cancellation);
        return fleet;
    }

    /// <summary>Runs `cozyfleet` to its end and returns what it printed.</summary>
    public Task<string> CliAsync(IEnumerable<string> arguments, CancellationToken cancellation) =>
        Tool.RunAsync("ip", network.Inside(Cli(arguments)), cancellation);

    /// <summary>Starts `cozyfleet` for as long as the test lasts, such as a watch.</summary>
    public LoggedProcess StartCli(string name, IEnumerable<string> arguments) =>
        Keep(LoggedProcess.Start("ip", network.Inside(Cli(arguments)), Path.Combine(directory, $"{name}.log")));

    public async Task ApplyAsync(string name, string yaml, CancellationToken cancellation)
    {
        var file = Path.Combine(directory, $"{name}.yaml");
        await File.WriteAllTextAsync(file, yaml, cancellation);
        await CliAsync(["apply", "-f", file], cancellation);
    }

    /// <summary>The image that the machines boot: Debian's kernel, and an initramfs whose init is the simulator's node program.</summary>
    public static async Task<string> ImageYamlAsync(string guest, CancellationToken cancellation) =>
        $"""
        apiVersion: cozy.fleet/v1
        kind: Image
        metadata:
          name: guest
        spec:
          talosVersion: v1.13.8
          installer: registry.test/installer:v1.13.8
          kernelArgs: [console=ttyS0]
          assets:
            - kind: ASSET_KIND_KERNEL
              architecture: ARCHITECTURE_AMD64
              url: file://{guest}/vmlinuz
              sha256: {await DigestAsync(Path.Combine(guest, "vmlinuz"), cancellation)}
            - kind: ASSET_KIND_INITRAMFS
              architecture: ARCHITECTURE_AMD64
              url: file://{guest}/initramfs.gz
              sha256: {await DigestAsync(Path.Combine(guest, "initramfs.gz"), cancellation)}
        """;

    /// <summary>A file below the root of the repository.</summary>
    public static string InRepository(string path, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../..", path));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(processes))
            await process.DisposeAsync();
    }

    private async Task StartCoordinatorAsync(CancellationToken cancellation)
    {
        string[] arguments = ["--data", Path.Combine(directory, "coordinator"), "--listen", "127.0.0.1:7443"];
        await Start("coordinator", Program("Coordinator", "cozy-fleet-coordinator"), arguments)
            .WaitForLineAsync(ReadyLine(), StartLimit, cancellation);
    }

    private async Task StartAgentAsync(CancellationToken cancellation)
    {
        var token = (await CliAsync(["token", "create", "--rack", "r1"], cancellation)).Trim().Split('\n')[^1].Trim();
        var config = Path.Combine(directory, "agent.yaml");
        await File.WriteAllTextAsync(config, AgentYaml(token), cancellation);
        await Start("agent", Program("Agent", "cozy-fleet-agent"), ["--config", config])
            .WaitForLineAsync(ReadyLine(), StartLimit, cancellation);
    }

    private string AgentYaml(string token) =>
        $"""
        rack: r1
        data: {directory}/agent
        coordinator:
          endpoint: https://127.0.0.1:7443
          token: {token}
        network:
          interface: {RackNetwork.Bridge}
        dhcp:
          mode: server
          subnets:
            - network: 10.77.0.0/24
              ranges: [10.77.0.100-10.77.0.199]
              router: 10.77.0.1
        """;

    private LoggedProcess Start(string name, string program, string[] arguments) => Keep(LoggedProcess.Start(
        "ip", network.Inside(["dotnet", program, .. arguments]), Path.Combine(directory, $"{name}.log")));

    private LoggedProcess Keep(LoggedProcess process)
    {
        processes.Add(process);
        return process;
    }

    private IEnumerable<string> Cli(IEnumerable<string> arguments) =>
        ["dotnet", Program("Cli", "cozyfleet"), "--context", Path.Combine(directory, "coordinator/admin.yaml"), .. arguments];

    private static string Program(string project, string assembly)
    {
        var configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        return InRepository($"src/{project}/bin/{configuration}/net10.0/{assembly}.dll");
    }

    private static async Task<string> DigestAsync(string file, CancellationToken cancellation)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation));
    }

    [GeneratedRegex("ready", RegexOptions.IgnoreCase)]
    private static partial Regex ReadyLine();
}
