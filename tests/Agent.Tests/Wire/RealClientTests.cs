namespace Cozy.Fleet.Agent.Tests.Wire;

/// <summary>Clients that others wrote get leases and files from the real agent on a wire of its own.</summary>
public sealed class RealClientTests
{
    private const string Server =
        """
          mode: server
          subnets:
            - network: 10.78.0.0/24
              ranges: [10.78.0.100-10.78.0.199]
              router: 10.78.0.1
        """;

    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Udhcpc_and_dhclient_get_leases()
    {
        await using var rack = await WireRack.StartAsync(["busybox", "dhclient"], Server, cancellation);
        var (address, output) = await rack.UdhcpcAsync();
        Assert.True(address.StartsWith("10.78.0.1", StringComparison.Ordinal), output + rack.Agent.Output);
        Assert.Contains($"LEASE {address} 10.78.0.1", output, StringComparison.Ordinal);

        var (_, said) = await rack.Wire.AtMachineAsync("dhclient", "-1", "-v", "-sf", "/bin/true",
            "-lf", rack.PathOf("dhclient.leases"), "-pf", rack.PathOf("dhclient.pid"), Wire.MachineLink);
        Assert.Contains("DHCPACK", said, StringComparison.Ordinal);
        await rack.Wire.AtMachineAsync("dhclient", "-x", "-pf", rack.PathOf("dhclient.pid"), "-lf", rack.PathOf("dhclient.leases"));
    }

    [Fact]
    public async Task Tftp_hpa_atftp_and_curl_load_whole_files()
    {
        await using var rack = await WireRack.StartAsync(["tftp", "atftp", "curl"], Server, cancellation);
        await rack.Wire.GiveMachineAsync("10.78.0.50");
        Assert.True(await rack.TftpLoadsAsync());
        foreach (var options in new[] { Array.Empty<string>(), ["--option", "blksize 1468"], ["--option", "windowsize 8"] })
        {
            var file = rack.PathOf("atftp");
            var (code, output) = await rack.Wire.AtMachineAsync(
                ["atftp", .. options, "-g", "-r", WireRack.Loader, "-l", file, Wire.HostAddress]);
            Assert.True(code == 0, output);
            Assert.Equal(rack.Content, await File.ReadAllBytesAsync(file, cancellation));
        }
        var (_, health) = await rack.Wire.AtMachineAsync("curl", "-sS", "-m", "10", $"http://{Wire.HostAddress}/healthz");
        Assert.Equal("ok\n", health);
        var (_, url) = await rack.Wire.AtMachineAsync("curl", "-sS", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}",
            $"http://{Wire.HostAddress}/boot/none/../../etc/shadow");
        Assert.Equal("404", url);
    }

    [Fact]
    public async Task Strangers_packets_are_refused_and_the_next_good_client_is_served()
    {
        await using var rack = await WireRack.StartAsync(["busybox", "tftp"], Server, cancellation);
        await rack.Wire.GiveMachineAsync("10.78.0.50");
        foreach (var (port, bytes) in new[] { (67, "garbage"), (67, "\\001\\001\\006\\000"), (69, "garbage"), (69, "\\000\\001f"), (4011, "x") })
        {
            var (code, output) = await rack.Wire.AtMachineAsync(
                "bash", "-c", $"printf '{bytes}' >/dev/udp/{Wire.HostAddress}/{port}");
            Assert.True(code == 0, output);
        }
        var (_, traversal) = await rack.Wire.AtMachineAsync("tftp", Wire.HostAddress, "-c", "get", "../../etc/shadow", rack.PathOf("stolen"));
        Assert.Contains("That path is not served.", traversal, StringComparison.Ordinal);
        var (_, writing) = await rack.Wire.AtMachineAsync("tftp", Wire.HostAddress, "-c", "put", rack.PathOf("agent.yaml"), "x");
        Assert.Contains("This server only reads.", writing, StringComparison.Ordinal);

        Assert.True(await rack.TftpLoadsAsync());
        Assert.NotEqual("", (await rack.UdhcpcAsync()).Address);
    }

    [Fact]
    public async Task Lease_survives_a_kill_and_the_agent_ends_cleanly_when_it_is_told_to()
    {
        await using var rack = await WireRack.StartAsync(["busybox"], Server, cancellation);
        var (address, output) = await rack.UdhcpcAsync();
        Assert.True(address != "", output + rack.Agent.Output);
        await rack.Agent.KillAsync();
        await rack.StartAgentAsync();
        Assert.Equal(address, (await rack.UdhcpcAsync()).Address);
        Assert.Equal(0, await rack.Agent.TerminateAsync(cancellation));
    }

    [Fact]
    public async Task Proxy_leaves_plain_clients_to_the_server_beside_it()
    {
        await using var rack = await WireRack.StartAsync(["busybox", "dnsmasq"], "  mode: proxy", cancellation);
        Assert.Equal("", (await rack.UdhcpcAsync()).Address);

        using var dnsmasq = System.Diagnostics.Process.Start("ip", rack.Wire.AtOther(
            "dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null", $"--interface={Wire.MachineLink}", "--bind-dynamic",
            "--dhcp-range=10.78.0.30,10.78.0.40,1h", $"--dhcp-leasefile={rack.PathOf("dnsmasq.leases")}", "--pid-file=", "--user=root",
            "--no-ping"));
        try
        {
            var (address, output) = await rack.UdhcpcAsync();
            Assert.True(address.StartsWith("10.78.0.3", StringComparison.Ordinal) || address == "10.78.0.40", output);
        }
        finally
        {
            dnsmasq.Kill(entireProcessTree: true);
            await dnsmasq.WaitForExitAsync(CancellationToken.None);
        }
    }
}
