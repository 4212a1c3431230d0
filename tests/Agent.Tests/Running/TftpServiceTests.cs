using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>The TFTP server's sockets, places and ends, packet by packet.</summary>
public sealed class TftpServiceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", false)]
    [InlineData("tftp: {port: 0, singlePort: true}", true)]
    public async Task Each_transfer_has_a_port_of_its_own_unless_a_single_one_is_asked_for(string setting, bool isShared)
    {
        using var rack = Rack(setting);
        await using var agent = await rack.StartAsync();
        using var client = new Client(agent);

        var (data, from) = await client.AskAsync(Request("undionly.kpxe"));

        Assert.Equal((ushort?)1, TftpPacket.BlockOf(data));
        Assert.Equal(isShared, from.Port == agent.TftpPort);
        await client.SendAsync(TftpPacket.WriteAck(1), from);
        await client.UntilAsync(packet => TftpPacket.BlockOf(packet) == 2);
    }

    [Fact]
    public async Task A_stranger_at_a_transfers_port_is_told_so_and_the_transfer_goes_on()
    {
        using var rack = Rack("");
        await using var agent = await rack.StartAsync();
        using var client = new Client(agent);
        using var stranger = new Client(agent);
        var (_, transfer) = await client.AskAsync(Request("undionly.kpxe"));

        var (refusal, _) = await stranger.AskAsync(TftpPacket.WriteAck(1), transfer);

        Assert.Equal((ushort)TftpError.UnknownTransferId, TftpPacket.ReadError(refusal).Code);
        await client.SendAsync(TftpPacket.WriteAck(1), transfer);
        await client.UntilAsync(packet => TftpPacket.BlockOf(packet) == 2);
    }

    [Fact]
    public async Task A_client_that_refuses_a_block_gets_it_once_it_listens_again()
    {
        using var rack = Rack("");
        await using var agent = await rack.StartAsync();
        using var client = new Client(agent);

        await client.SendAsync(Request("undionly.kpxe"), client.Server);
        client.Dispose();
        // From so many ports that every thread of the server has sent its first block, and was told that nobody listens.
        for (var i = 0; i < 8; i++)
        {
            using var other = new Client(agent);
            await other.AskAsync(Request("nosuch"));
        }
        using var again = new Client(agent, client.Port);

        var (data, transfer) = await again.ReceiveAsync();
        Assert.Equal((ushort?)1, TftpPacket.BlockOf(data));
        await again.SendAsync(TftpPacket.WriteAck(1), transfer);
        await again.UntilAsync(packet => TftpPacket.BlockOf(packet) == 2);
        Assert.DoesNotContain("could not be handled", agent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_with_one_port_for_everything_gets_the_file_that_it_asks_for_last()
    {
        using var rack = Rack("");
        await using var agent = await rack.StartAsync();
        using var client = new Client(agent);
        await client.AskAsync(Request("undionly.kpxe"));

        await client.SendAsync(Request("snponly.efi"), client.Server);

        var first = (await File.ReadAllBytesAsync(rack["ipxe/snponly.efi"], Cancellation))[..512];
        await client.UntilAsync(packet => packet.AsSpan(4).SequenceEqual(first));
    }

    [Fact]
    public async Task A_client_that_has_its_share_waits_until_one_ends()
    {
        using var rack = Rack("tftp: {port: 0, transfersPerClient: 1}");
        await using var agent = await rack.StartAsync();
        using var http = new HttpClient();
        using var first = new Client(agent);
        var (_, transfer) = await first.AskAsync(Request("undionly.kpxe"));

        // From so many ports that no thread of the server sees all of them.
        var others = Enumerable.Range(0, 8).Select(_ => new Client(agent)).ToArray();
        foreach (var other in others)
        {
            await other.SendAsync(Request("undionly.kpxe"), other.Server);
            // Behind it in the queue: when this one is answered, that one was not.
            Assert.Equal((ushort)TftpError.FileNotFound, TftpPacket.ReadError((await other.AskAsync(Request("nosuch"))).Packet).Code);
        }
        Assert.Equal(others.Length, await agent.RefusedAsync("tftp/too-many-transfers", http));

        await first.SendAsync(TftpPacket.WriteError(TftpError.NotDefined, "enough"), transfer);
        // The transfer's own port has a queue of its own: another one may have to ask more than once, as clients do.
        byte[] answer;
        do
            answer = (await others[0].AskAsync(Request("undionly.kpxe"), others[0].Server, Request("nosuch"))).Packet;
        while (TftpPacket.OpcodeOf(answer) == TftpOpcode.Error);
        Assert.Equal((ushort?)1, TftpPacket.BlockOf(answer));
        Array.ForEach(others, other => other.Dispose());
    }

    [Fact]
    public async Task Another_server_on_the_port_is_an_error_that_says_so()
    {
        using var rack = Rack("");
        await using var agent = await rack.StartAsync();
        var config = await File.ReadAllTextAsync(rack.ConfigFile, Cancellation);
        await File.WriteAllTextAsync(rack["second.yaml"], config.Replace(rack.Data, rack["second"], StringComparison.Ordinal)
            .Replace("tftp: {port: 0}", $"tftp: {{port: {agent.TftpPort}}}", StringComparison.Ordinal), Cancellation);

        await using var second = AgentProcess.Launch(["--config", rack["second.yaml"]]);

        Assert.Equal(1, await second.ExitCodeAsync());
        await second.LineAsync($"TFTP cannot listen on {agent.Http.Host}:{agent.TftpPort}");
        Assert.DoesNotContain("   at ", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_datagram_of_any_size_is_no_trouble_for_the_next_client()
    {
        using var rack = Rack("");
        await using var agent = await rack.StartAsync();
        using var client = new Client(agent);
        foreach (var length in new[] { 0, 1, 2048, 2049, 9000, 65_000 })
            await client.SendAsync(new byte[length], client.Server);

        byte[] answer;
        do
            answer = (await client.AskAsync(Request("undionly.kpxe"))).Packet;
        while (TftpPacket.OpcodeOf(answer) == TftpOpcode.Error);
        Assert.Equal((ushort?)1, TftpPacket.BlockOf(answer));
        Assert.DoesNotContain("could not be handled", agent.Output, StringComparison.Ordinal);
    }

    private static LoopbackAgent Rack(string tftp) => new LoopbackAgent().Write(tftp: tftp == "" ? "tftp: {port: 0}" : tftp);

    private static byte[] Request(string file) => [0, 1, .. System.Text.Encoding.ASCII.GetBytes($"{file}\0octet\0")];

    /// <summary>One socket of a client.</summary>
    private sealed class Client : IDisposable
    {
        private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        public Client(AgentProcess agent, EndPoint? port = null)
        {
            Server = new(IPAddress.Parse(agent.Http.Host), agent.TftpPort);
            socket.Bind(port ?? new IPEndPoint(IPAddress.Any, 0));
            Port = socket.LocalEndPoint!;
        }

        public IPEndPoint Server { get; }

        /// <summary>The client's own.</summary>
        public EndPoint Port { get; }

        public async Task SendAsync(byte[] packet, IPEndPoint to) => await socket.SendToAsync(packet, to, Cancellation);

        /// <summary>Sends and returns the next packet that comes.</summary>
        public async Task<(byte[] Packet, IPEndPoint From)> AskAsync(byte[] packet, IPEndPoint? to = null, byte[]? then = null)
        {
            await SendAsync(packet, to ?? Server);
            if (then is not null)
                await SendAsync(then, Server);
            return await ReceiveAsync();
        }

        /// <summary>Reads on until this packet comes; what a slow moment made the server repeat is passed over.</summary>
        public async Task UntilAsync(Func<byte[], bool> wanted)
        {
            while (!wanted((await ReceiveAsync()).Packet))
            {
            }
        }

        public void Dispose() => socket.Dispose();

        public async Task<(byte[] Packet, IPEndPoint From)> ReceiveAsync()
        {
            var buffer = new byte[2048];
            var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), Cancellation);
            return (buffer[..received.ReceivedBytes], (IPEndPoint)received.RemoteEndPoint);
        }
    }
}
