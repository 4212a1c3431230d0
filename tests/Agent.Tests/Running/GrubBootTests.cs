using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>An arm64 machine with GRUB for a loader, request by request; `./fleet vm --all` has the real ones.</summary>
public sealed class GrubBootTests
{
    private static readonly MacAddress Mac = MacAddress.Parse("52:54:00:00:00:21");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GRUB_names_its_card_and_gets_the_session_that_everything_else_belongs_to()
    {
        using var rack = new LoopbackAgent().Write();
        var (kernel, initramfs) = ("a kernel"u8.ToArray(), new byte[2000]);
        StoredState.Write(rack, kernel, initramfs, architecture: Architecture.Arm64);
        await using var agent = await rack.StartAsync();
        await agent.LineAsync($"asset {StoredState.Digest(initramfs)} is here");
        await agent.LineAsync($"asset {StoredState.Digest(kernel)} is here");
        using var http = new HttpClient { BaseAddress = agent.Http };
        var session = await SessionAsync(rack, agent);

        var loop = await http.GetStringAsync($"boot/{Mac}/grub.cfg", Cancellation);
        var script = await http.GetStringAsync($"boot/{session}/script.grub", Cancellation);

        var (device, files) = ($"(http,{agent.Http.Authority})/boot/{session}", "vmlinuz 'talos.platform=metal' 'console=ttyAMA0' ");
        Assert.Contains($"\n  source {device}/script.grub\n", loop, StringComparison.Ordinal);
        Assert.Contains($"\nif linux {device}/assets/{StoredState.Digest(kernel)}/{files}", script, StringComparison.Ordinal);
        Assert.Contains($"\n  if initrd {device}/assets/{StoredState.Digest(initramfs)}/initramfs; ", script, StringComparison.Ordinal);
        await agent.LineAsync($"boot {session} of {Mac}: ScriptServed");
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("boot/52:54:00:00:00:99/grub.cfg", Cancellation)).StatusCode);
        Assert.NotEqual(session, await SessionAsync(rack, agent)); // It was switched on again.
    }

    [Fact]
    public async Task A_machine_that_starts_from_its_disk_is_not_handed_a_loader_that_may_be_a_whole_system()
    {
        using var rack = new LoopbackAgent().Write();
        await using var agent = await rack.StartAsync();
        using var http = new HttpClient();
        var session = await SessionAsync(rack, agent);

        Assert.Equal((ushort)TftpError.FileNotFound, TftpPacket.ReadError(await AskTftpAsync(agent, session)).Code);
        await agent.LineAsync($"boot {session} of {Mac}: Disk");
        Assert.Equal(1, await agent.RefusedAsync("tftp/disk", http));
        Assert.NotEqual(session, await SessionAsync(rack, agent)); // Its firmware's next boot entry, or the next power-on.
    }

    [Fact]
    public async Task A_machine_that_waits_is_handed_its_loader_and_told_why_it_waits()
    {
        using var rack = new LoopbackAgent().Write();
        StoredState.Write(rack, [1], [2]);
        await using var agent = await rack.StartAsync();
        using var http = new HttpClient { BaseAddress = agent.Http };
        var session = await SessionAsync(rack, agent);

        Assert.Equal((ushort?)1, TftpPacket.BlockOf(await AskTftpAsync(agent, session)));
        var script = await http.GetStringAsync($"boot/{session}/script.grub", Cancellation);
        Assert.Contains("waiting, image i has no kernel and initramfs for arm64 ", script, StringComparison.Ordinal);
    }

    // The session of an offer that names the loader.
    private static async Task<string> SessionAsync(LoopbackAgent rack, AgentProcess agent)
    {
        var discover = new DhcpClientMessage(DhcpMessageType.Discover, Mac, 7) { Architecture = 11, Relay = rack.Relay };
        var packet = new byte[600];
        var answer = await AskAsync(rack.Relay, packet[..discover.Write(packet)], new(rack.Address, agent.DhcpPort));
        var file = DhcpServerMessage.Read(answer)!.BootFile;
        Assert.EndsWith("/grub-arm64.efi", file, StringComparison.Ordinal);
        return file.Split('/')[1];
    }

    private static Task<byte[]> AskTftpAsync(AgentProcess agent, string session)
    {
        byte[] request = [0, 1, .. System.Text.Encoding.ASCII.GetBytes($"b/{session}/grub-arm64.efi\0octet\0")];
        return AskAsync(IPAddress.Any, request, new(IPAddress.Parse(agent.Http.Host), agent.TftpPort));
    }

    private static async Task<byte[]> AskAsync(IPAddress from, byte[] packet, IPEndPoint to)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(from, 0));
        await socket.SendToAsync(packet, to, Cancellation);
        var buffer = new byte[2048];
        var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), Cancellation);
        return buffer[..received.ReceivedBytes];
    }
}
