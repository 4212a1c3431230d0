namespace Cozy.Fleet.Agent.Tests.Wire;

/// <summary>A wire with an agent on it that knows no coordinator, and what a client needs to ask it.</summary>
internal sealed class WireRack : IAsyncDisposable
{
    public const string Loader = "undionly.kpxe";

    private readonly TestDirectory directory = new();
    private readonly CancellationToken cancellation;
    private AgentProcess? agent;

    private WireRack(Wire wire, CancellationToken cancellation) => (Wire, this.cancellation) = (wire, cancellation);

    public Wire Wire { get; }

    public AgentProcess Agent => agent!;

    /// <summary>What the loader holds; longer than one window, and no multiple of a block.</summary>
    public byte[] Content { get; } = [.. Enumerable.Range(0, 70_001).Select(i => (byte)(i * 7))];

    public static async Task<WireRack> StartAsync(string[] programs, string dhcp, CancellationToken cancellation)
    {
        var rack = new WireRack(await Wire.CreateAsync(programs, cancellation), cancellation);
        await File.WriteAllBytesAsync(rack.directory.File(Loader), rack.Content, cancellation);
        await File.WriteAllBytesAsync(rack.directory.File("snponly.efi"), rack.Content, cancellation);
        await File.WriteAllTextAsync(rack.directory.File("agent.yaml"), rack.Yaml(dhcp), cancellation);
        await rack.StartAgentAsync();
        return rack;
    }

    public async Task StartAgentAsync() => agent = await AgentProcess.StartAsync(Wire, directory.File("agent.yaml"), cancellation);

    public string PathOf(string name) => directory.File(name);

    /// <summary>udhcpc takes a lease; the address, and everything that it said.</summary>
    public async Task<(string Address, string Output)> UdhcpcAsync()
    {
        var script = directory.File("udhcpc.sh");
        await File.WriteAllTextAsync(script, "#!/bin/sh\n[ \"$1\" = bound ] && echo \"LEASE $ip $router $boot_file\"\nexit 0\n", cancellation);
        File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
        var (_, output) = await Wire.AtMachineAsync(
            "busybox", "udhcpc", "-i", Wire.MachineLink, "-n", "-q", "-f", "-t", "5", "-T", "2", "-s", script);
        return (output.Split('\n').FirstOrDefault(l => l.StartsWith("LEASE ", StringComparison.Ordinal))?.Split(' ')[1] ?? "", output);
    }

    /// <summary>Loads the loader with the tftp client of tftp-hpa; whether it is whole.</summary>
    public async Task<bool> TftpLoadsAsync(string mode = "octet")
    {
        var file = directory.File("loaded");
        File.Delete(file);
        var (_, output) = await Wire.AtMachineAsync("tftp", "-m", mode, Wire.HostAddress, "-c", "get", Loader, file);
        Assert.True(File.Exists(file), output);
        return Content.AsSpan().SequenceEqual(await File.ReadAllBytesAsync(file, cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        if (agent is not null)
            await agent.DisposeAsync();
        await Wire.DisposeAsync();
        directory.Dispose();
    }

    private string Yaml(string dhcp) =>
        $"""
        rack: r1
        data: {directory.Path}/data
        network:
          interface: {Wire.HostLink}
          address: {Wire.HostAddress}
        ipxe:
          directory: {directory.Path}
        dhcp:
        {dhcp}
        """;
}
