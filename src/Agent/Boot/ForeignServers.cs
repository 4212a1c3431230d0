using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Looks for other DHCP servers on the machines' network: asks as a machine that boots would, every five minutes, and listens to what is
/// answered to the machines themselves. Beside a server that gives the addresses only what hinders network boots counts.
/// Needs CAP_NET_RAW.
/// </summary>
internal sealed partial class ForeignServers(AgentConfig config, TimeProvider clock, ILogger<ForeignServers> log) : BackgroundService
{
    private const ushort UefiX64 = 7;

    // Strangers who make up servers fill no more memory than this.
    private const int Most = 32;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    // Three questions without an answer: it is gone.
    private static readonly TimeSpan Memory = 3.5 * Interval;

    private readonly ConcurrentDictionary<(IPAddress, MacAddress), ForeignServer> heard = new();

    /// <summary>Whether anybody looks.</summary>
    public bool IsOn => config.Interface != "" && config.DhcpMode != DhcpMode.Off && config.DhcpGuard;

    /// <summary>Those that were heard of lately, in the order of their addresses.</summary>
    public IReadOnlyList<ForeignServer> Present
    {
        get
        {
            var since = clock.GetUtcNow() - Memory;
            return [.. heard.Values.Where(s => s.Seen >= since).OrderBy(s => Ipv4.ToNumber(s.Address))];
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!IsOn)
            return;
        using var socket = Listen();
        using var sender = new LinkSender(config.Interface, IPAddress.Any);
        await Task.WhenAll(HearAsync(socket, stoppingToken), AskAsync(sender, stoppingToken));
    }

    private async Task AskAsync(LinkSender sender, CancellationToken stopping)
    {
        var ours = LinkEndPoint.CardOf(config.Interface);
        var buffer = new byte[600];
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            var question = new DhcpClientMessage(DhcpMessageType.Discover, ours, BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)))
            {
                Architecture = UefiX64,
            };
            try
            {
                sender.Send(buffer.AsSpan(0, question.Write(buffer)), 68, MacAddress.Broadcast, new(IPAddress.Broadcast, 67));
            }
            catch (SocketException failure)
            {
                LogUnasked(config.Interface, failure.Message); // The link is down; the next question is another matter.
            }
        }
        while (await NextAsync(timer, stopping));
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task HearAsync(Socket socket, CancellationToken stopping)
    {
        var buffer = new byte[2048];
        var sender = new SocketAddress(AddressFamily.Packet, 128);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                sender.Size = 128; // Each call shrinks it to what it wrote (dotnet-facts.md 9).
                var count = await socket.ReceiveFromAsync(buffer, SocketFlags.None, sender, stopping);
                if (LinkEndPoint.SenderOf(sender) is { } card)
                    Take(buffer.AsSpan(0, count), card);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException failure)
            {
                LogUnheard(config.Interface, failure.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Take(ReadOnlySpan<byte> packet, MacAddress card)
    {
        if (!UdpDatagram.TryWrap(packet, out var datagram) || datagram.DestinationPort != 68)
            return;
        if (DhcpServerMessage.Read(datagram.Payload) is not { } reply)
            return;
        // What a relay brings from us to its machines has our identifier.
        var address = Ipv4.ToAddress(reply.ServerIdentifier != 0 ? reply.ServerIdentifier : datagram.Source);
        if (address.Equals(config.Address) || ForeignServer.ComplaintAbout(reply, config.DhcpMode, config.Address) is not { } complaint)
            return;
        Remember(address, card, complaint);
    }

    private void Remember(IPAddress address, MacAddress card, string complaint)
    {
        var now = clock.GetUtcNow();
        var known = heard.GetValueOrDefault((address, card));
        if (known is null && heard.Count >= Most)
        {
            if (heard.MinBy(s => s.Value.Seen) is var oldest)
                heard.TryRemove(oldest);
        }
        var isNews = known is null || known.Complaint != complaint || now - known.Seen > Memory;
        heard[(address, card)] = new(address, card, complaint, isNews ? now : known!.Since, now);
        if (isNews)
            LogFound(address.ToString(), card.ToString(), complaint);
    }

    private Socket Listen()
    {
        var socket = new Socket(AddressFamily.Packet, SocketType.Dgram, 0);
        // Before it hears anything: assets go over the same link, and are none of our business.
        Attach(socket, RepliesToClients);
        socket.Bind(new LinkEndPoint(LinkEndPoint.Ipv4, LinkEndPoint.IndexOf(config.Interface)));
        return socket;
    }

    // Classic BPF: code, jump if true, jump if false, operand. UDP, no fragment, to port 68; the packet begins with its IP header.
    private static ReadOnlySpan<(ushort Code, byte True, byte False, uint Operand)> RepliesToClients =>
        new (ushort, byte, byte, uint)[]
        {
            (0x30, 0, 0, 9), (0x15, 0, 6, 17), (0x28, 0, 0, 6), (0x45, 4, 0, 0x1fff), (0xb1, 0, 0, 0), (0x48, 0, 0, 2), (0x15, 0, 1, 68),
            (0x06, 0, 0, 0xffff), (0x06, 0, 0, 0),
        };

    private static void Attach(Socket socket, ReadOnlySpan<(ushort Code, byte True, byte False, uint Operand)> program)
    {
        var bytes = new byte[8 * program.Length];
        for (var i = 0; i < program.Length; i++)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(8 * i), program[i].Code);
            (bytes[(8 * i) + 2], bytes[(8 * i) + 3]) = (program[i].True, program[i].False);
            BitConverter.TryWriteBytes(bytes.AsSpan((8 * i) + 4), program[i].Operand);
        }
        var pinned = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        try
        {
            // struct sock_fprog: the count, and behind a gap the address of the program. SO_ATTACH_FILTER copies it.
            var argument = new byte[16];
            BitConverter.TryWriteBytes(argument, (ushort)program.Length);
            BitConverter.TryWriteBytes(argument.AsSpan(8), pinned.AddrOfPinnedObject().ToInt64());
            socket.SetRawSocketOption(1, 26, argument);
        }
        finally
        {
            pinned.Free();
        }
    }

    [LoggerMessage(LogLevel.Warning, "another DHCP server is on this network, {Address} ({Mac}): {Complaint}")]
    private partial void LogFound(string address, string mac, string complaint);

    [LoggerMessage(LogLevel.Debug, "DHCP on {Interface}: other servers cannot be asked for: {Error}")]
    private partial void LogUnasked(string @interface, string error);

    [LoggerMessage(LogLevel.Warning, "DHCP on {Interface}: other servers cannot be heard: {Error}")]
    private partial void LogUnheard(string @interface, string error);
}
