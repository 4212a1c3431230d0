using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Advertises the link's prefix, and that addresses come by DHCPv6: now and then, and to everybody as soon as one machine
/// asks (RFC 4861 6.2).
/// iPXE waits sixteen seconds for it where nobody does, also when it boots over IPv4 (netboot.md 12).
/// </summary>
internal sealed partial class RouterAdvertiser(AgentConfig config, TimeProvider clock, ILogger<RouterAdvertiser> log) : BackgroundService
{
    private const int AllHops = 255; // RFC 4861 7.1.2: one that passed a router is not believed.

    private static readonly IPAddress AllNodes = IPAddress.Parse("ff02::1");
    private static readonly IPAddress AllRouters = IPAddress.Parse("ff02::2");
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (config.Dhcp6 is not { Advertises: true, Subnets: [var subnet, ..] } wanted)
            return;
        using var socket = Open();
        var message = RouterAdvertisement.Write(subnet, MacOf(config.Interface), wanted.Autonomous);
        await Task.WhenAll(SpeakAsync(socket, message, stoppingToken), AnswerAsync(socket, message, stoppingToken));
    }

    private Socket Open()
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
        var index = LinkEndPoint.IndexOf(config.Interface);
        socket.SetRawSocketOption(1, 25, Encoding.ASCII.GetBytes(config.Interface + "\0")); // SO_BINDTODEVICE
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, index);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, AllHops);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, false);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(AllRouters, index));
        return socket;
    }

    private async Task SpeakAsync(Socket socket, byte[] message, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            await SendAsync(socket, message, stopping);
        }
        while (await timer.WaitForNextTickAsync(stopping));
    }

    private async Task AnswerAsync(Socket socket, byte[] message, CancellationToken stopping)
    {
        var buffer = new byte[2048];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, stopping);
            if (count > 0 && buffer[0] == RouterAdvertisement.SolicitationType)
                await SendAsync(socket, message, stopping);
        }
    }

    // The link may be down for a while; the next one is another matter.
    private async Task SendAsync(Socket socket, byte[] message, CancellationToken stopping)
    {
        try
        {
            await socket.SendToAsync(message, new IPEndPoint(AllNodes, 0), stopping);
        }
        catch (SocketException failure)
        {
            LogUnsent(failure.Message);
        }
    }

    private static MacAddress? MacOf(string link) =>
        NetworkInterface.GetAllNetworkInterfaces().First(i => i.Name == link).GetPhysicalAddress().GetAddressBytes() is { Length: 6 } bytes
            ? MacAddress.FromBytes(bytes) : null;

    [LoggerMessage(LogLevel.Warning, "the router advertisement could not be sent: {Error}")]
    private partial void LogUnsent(string error);
}
