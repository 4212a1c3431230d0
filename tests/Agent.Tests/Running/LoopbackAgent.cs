using System.Net;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;
using Cozy.Fleet.Simulator.Firmware;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>A rack on loopback as the demo has it: no interface, no root, any ports; machines come through a relay.</summary>
internal sealed class LoopbackAgent : IDisposable
{
    private static int nextNetwork = Environment.ProcessId % 200 * 200;

    private readonly TemporaryDirectory directory = new();
    private readonly string network;
    private CoordinatorDouble? coordinator;

    public LoopbackAgent()
    {
        var number = Interlocked.Increment(ref nextNetwork);
        network = $"127.{1 + (number / 256 % 250)}.{number % 256}";
        Directory.CreateDirectory(directory["ipxe"]);
        File.WriteAllBytes(directory["ipxe/undionly.kpxe"], [.. Enumerable.Range(0, 70_000).Select(i => (byte)i)]);
        File.WriteAllBytes(directory["ipxe/snponly.efi"], [.. Enumerable.Range(0, 1468 * 40).Select(i => (byte)(i * 7))]);
        File.WriteAllBytes(directory["ipxe/grub-arm64.efi"], new byte[4000]);
    }

    public string ConfigFile => directory["agent.yaml"];

    public string this[string name] => directory[name];

    public string Data => directory["data"];

    public IPAddress Address => IPAddress.Parse($"{network}.1");

    public IPAddress Relay => IPAddress.Parse($"{network}.2");

    /// <param name="wide">Room for thousands of machines.</param>
    public LoopbackAgent Write(
        CoordinatorDouble? coordinator = null, string? token = null, string more = "", bool wide = false, string tftp = "tftp: {port: 0}")
    {
        this.coordinator = coordinator;
        var half = network[..network.LastIndexOf('.')];
        var subnet = wide
            ? $"{{network: {half}.0.0/16, ranges: [{half}.0.10-{half}.255.250]}}"
            : $"{{network: {network}.0/24, ranges: [{network}.100-{network}.120]}}";
        File.WriteAllText(ConfigFile, $$"""
            rack: r1
            data: {{Data}}
            coordinator: { {{(coordinator is null ? "" : $"endpoint: '{coordinator.Endpoint}', token: '{token ?? coordinator.Token}'")}} }
            network: {address: {{network}}.1}
            dhcp:
              port: 0
              bootServicePort: 0
              subnets: [{{subnet}}]
            {{tftp}}
            http: {port: 0}
            eventSink: {port: 0}
            kernelLog: {port: 0}
            ipxe: {directory: {{directory["ipxe"]}}, arm64: grub-arm64.efi}
            {{more}}
            """);
        return this;
    }

    /// <param name="published">The native file to start; null for the agent as it was built.</param>
    public async Task<AgentProcess> StartAsync(string? published = null)
    {
        var agent = await (published is null ? AgentProcess.StartAsync(ConfigFile) : AgentProcess.StartPublishedAsync(published, ConfigFile));
        coordinator?.Agent = agent;
        return agent;
    }

    /// <summary>A simulated machine's whole network boot.</summary>
    public async Task<BootSource> BootAsync(AgentProcess agent, string mac, SimulatedFirmware firmware = SimulatedFirmware.UefiX64)
    {
        Assert.True(MachineUuid.TryParse($"11111111-2222-4333-8444-{mac.Replace(":", "", StringComparison.Ordinal)}", out var uuid));
        var machine = new MachineOptions("m", MacAddress.Parse(mac), uuid, firmware);
        var wiring = new RackWiring(new(Address, agent.DhcpPort), agent.TftpPort, Relay);
        using var http = new HttpClient();
        return await new NetworkBoot(machine, wiring, new Pace(TimeProvider.System, 1000), new Random(1), http)
            .RunAsync(new SystemDisk(), TestContext.Current.CancellationToken);
    }

    public void Dispose() => directory.Dispose();
}
