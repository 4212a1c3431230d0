using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Cozy.Fleet.Simulator;
using Cozy.Fleet.Simulator.Firmware;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>The agent's process on loopback, without root: how the demo runs it.</summary>
public sealed class LoopbackTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SimulatedFirmware.Bios)]
    [InlineData(SimulatedFirmware.UefiX64)]
    public async Task A_machine_boots_the_image_as_soon_as_it_is_in_the_cache(SimulatedFirmware firmware)
    {
        using var rack = new LoopbackAgent().Write();
        StoredState.Write(rack, "a kernel v1.12.0\n"u8.ToArray(), new byte[200_000]);
        await using var agent = await rack.StartAsync();

        var boot = Assert.IsType<BootSource.Network>(await rack.BootAsync(agent, "52:54:00:00:00:01", firmware));

        Assert.Contains("talos.platform=metal", boot.CommandLine, StringComparison.Ordinal);
        await agent.LineAsync("InitramfsFetched");
    }

    [Fact]
    public async Task Where_a_rack_has_a_menu_nobody_at_the_console_is_the_decision_and_the_disk_is_a_choice()
    {
        using var rack = new LoopbackAgent().Write();
        StoredState.Write(rack, "a kernel v1.12.0\n"u8.ToArray(), new byte[2000], menu: TimeSpan.FromSeconds(5));
        await using var agent = await rack.StartAsync();
        using var http = new HttpClient();

        Assert.IsType<BootSource.Network>(await rack.BootAsync(agent, "52:54:00:00:00:01"));
        var session = (await agent.LineAsync("ScriptServed")).Split("boot ")[1].Split(' ')[0];

        var script = new Uri(agent.Http, $"boot/{session}/script.ipxe");
        Assert.Contains("\nchoose --default decided --timeout 5000 chosen", await http.GetStringAsync(script, Cancellation), StringComparison.Ordinal);
        Assert.Contains("local disk, chosen at the console", await http.GetStringAsync(new Uri(script, "?choice=disk"), Cancellation), StringComparison.Ordinal);
        await agent.LineAsync("Disk chosen at the console");
    }

    [Fact]
    public async Task It_does_not_watch_the_folder_where_it_was_started()
    {
        using var rack = new LoopbackAgent().Write();
        await using var agent = await rack.StartAsync();

        Assert.False(agent.WatchesFiles);
    }

    [Fact]
    public async Task Leases_survive_kill_9_and_a_machine_keeps_its_address()
    {
        using var rack = new LoopbackAgent().Write();
        IPAddress address;
        await using (var first = await rack.StartAsync())
        {
            address = Assert.IsType<BootSource.Disk>(await rack.BootAsync(first, "52:54:00:00:00:07")).Address;
            await first.KillAsync();
        }

        await using var agent = await rack.StartAsync();
        using var http = new HttpClient();

        Assert.Contains("cozyfleet_agent_leases 1\n", await http.GetStringAsync(new Uri(agent.Http, "metrics"), Cancellation), StringComparison.Ordinal);
        Assert.Equal(address, Assert.IsType<BootSource.Disk>(await rack.BootAsync(agent, "52:54:00:00:00:07")).Address);
    }

    [Fact]
    public async Task Bad_packets_are_refused_and_counted_and_the_next_machine_is_served()
    {
        using var rack = new LoopbackAgent().Write();
        await using var agent = await rack.StartAsync();
        using var http = new HttpClient();
        var dhcp = new IPEndPoint(IPAddress.Parse(agent.Http.Host), agent.DhcpPort);
        var garbage = new byte[300];
        new Random(5).NextBytes(garbage);
        garbage[0] = 0x77;

        Send(dhcp, garbage);
        Send(dhcp, [1, 1, 6]);
        Assert.Equal(4, await TftpErrorAsync(agent, [0, 1, .. "undionly.kpxe\0sideways\0"u8]));
        Assert.Equal(2, await TftpErrorAsync(agent, [0, 1, .. "../../etc/shadow\0octet\0"u8]));
        Assert.Equal(2, await TftpErrorAsync(agent, [0, 2, .. "undionly.kpxe\0octet\0"u8]));
        Assert.Equal(1, await TftpErrorAsync(agent, [0, 1, .. "b/x/shadow\0octet\0"u8]));
        Assert.Equal(4, await TftpErrorAsync(agent, [0, 1, .. "undionly.kpxe"u8]));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(agent.Http, "boot/x/../../etc/shadow"), Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(agent.Http, "boot/nosuch/script.ipxe"), Cancellation)).StatusCode);

        Assert.IsType<BootSource.Disk>(await rack.BootAsync(agent, "52:54:00:00:00:09"));
        foreach (var reason in new[]
        {
            "dhcp/unknown-op", "dhcp/truncated", "tftp/unknown-mode", "tftp/path-refused", "tftp/write-refused", "tftp/file-not-found",
            "tftp/truncated", "http/not-found", "http/unknown-session",
        })
            Assert.Equal((reason, 1L), (reason, await agent.RefusedAsync(reason, http)));
    }

    [Fact]
    public async Task Assets_are_served_whole_and_in_pieces()
    {
        using var rack = new LoopbackAgent().Write();
        var kernel = new byte[1_000_000];
        new Random(3).NextBytes(kernel);
        StoredState.Write(rack, kernel, [1]);
        await using var agent = await rack.StartAsync();
        var digest = StoredState.Digest(kernel);
        await agent.LineAsync($"asset {digest} is here");
        using var http = new HttpClient();
        var url = new Uri(agent.Http, $"assets/{digest}");

        var head = await http.SendAsync(new(HttpMethod.Head, url), Cancellation);
        Assert.Equal((HttpStatusCode.OK, 1_000_000L, $"\"{digest}\""), (head.StatusCode, head.Content.Headers.ContentLength, head.Headers.ETag!.Tag));
        Assert.Equal(kernel, await http.GetByteArrayAsync(url, Cancellation));
        Assert.Equal((206, "bytes 999990-999999/1000000"), await RangeAsync(999_990, null));
        Assert.Equal((206, "bytes 0-0/1000000"), await RangeAsync(0, 0));
        Assert.Equal((206, "bytes 999995-999999/1000000"), await RangeAsync(null, 5));
        Assert.Equal((416, "bytes */1000000"), await RangeAsync(1_000_000, null));
        Assert.Equal(304, await ConditionAsync(r => r.IfNoneMatch.ParseAdd($"\"{digest}\"")));
        Assert.Equal(412, await ConditionAsync(r => r.IfMatch.ParseAdd("\"another\"")));
        Assert.Equal(200, await ConditionAsync(r => (r.Range, r.IfRange) = (new(0, 1), new("\"another\""))));

        async Task<(int, string)> RangeAsync(long? from, long? to)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(from, to) } };
            var answer = await http.SendAsync(request, Cancellation);
            if (answer.StatusCode == HttpStatusCode.PartialContent)
            {
                var range = answer.Content.Headers.ContentRange!;
                Assert.Equal(kernel[(int)range.From!..((int)range.To! + 1)], await answer.Content.ReadAsByteArrayAsync(Cancellation));
            }
            return ((int)answer.StatusCode, answer.Content.Headers.ContentRange!.ToString());
        }

        async Task<int> ConditionAsync(Action<HttpRequestHeaders> set)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, url);
            set(request.Headers);
            return (int)(await http.SendAsync(request, Cancellation)).StatusCode;
        }
    }

    [Fact]
    public async Task What_is_wrong_at_the_start_is_one_sentence()
    {
        using var rack = new LoopbackAgent().Write();
        await using var first = await rack.StartAsync();

        await using var second = AgentProcess.Launch(["--config", rack.ConfigFile]);
        Assert.Equal(1, await second.ExitCodeAsync());
        Assert.DoesNotContain("   at ", second.Output, StringComparison.Ordinal);

        await using var good = AgentProcess.Launch(["check", "--config", rack.ConfigFile]);
        Assert.Equal(0, await good.ExitCodeAsync());
        await good.LineAsync("is good: rack r1");

        rack.Write(more: "colour: blue");
        await using var bad = AgentProcess.Launch(["check", "--config", rack.ConfigFile]);
        Assert.Equal(2, await bad.ExitCodeAsync());
        await bad.LineAsync("unknown key colour");

        await using var lost = AgentProcess.Launch(["--verbose"]);
        Assert.Equal(2, await lost.ExitCodeAsync());
        await lost.LineAsync("usage: cozy-fleet-agent");
    }

    private static void Send(IPEndPoint to, byte[] datagram)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo(datagram, to);
    }

    /// <summary>The code of the ERROR that the request is answered with.</summary>
    private static async Task<int> TftpErrorAsync(AgentProcess agent, byte[] request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.SendToAsync(request, new IPEndPoint(IPAddress.Parse(agent.Http.Host), agent.TftpPort), Cancellation);
        var answer = new byte[600];
        var length = await socket.ReceiveAsync(answer, Cancellation);
        Assert.Equal(TftpOpcode.Error, TftpPacket.OpcodeOf(answer.AsSpan(0, length)));
        return TftpPacket.ReadError(answer.AsSpan(0, length)).Code;
    }
}
