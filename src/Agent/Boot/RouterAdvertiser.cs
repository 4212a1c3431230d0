using System.Net.Sockets;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Advertises the link's prefix, and that addresses come by DHCPv6: now and then, and to everybody as soon as one machine
/// asks (RFC 4861 6.2).
/// iPXE waits sixteen seconds for it where nobody does, also when it boots over IPv4 (netboot.md 12).
/// </summary>
internal sealed partial class RouterAdvertiser(AgentConfig config, TimeProvider clock, ILogger<RouterAdvertiser> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (config.Dhcp6 is not { Advertises: true, Subnets: [var subnet, ..] } wanted)
            return;
        using var socket = RouterSocket.Open(config.Interface);
        var message = RouterDiscovery.AskByDhcp(subnet, wanted.Autonomous);
        await Task.WhenAll(SpeakAsync(socket, message, stoppingToken), AnswerAsync(socket, message, stoppingToken));
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
            if (count > 0 && buffer[0] == RouterDiscovery.Solicitation)
                await SendAsync(socket, message, stopping);
        }
    }

    // The link may be down for a while; the next one is another matter.
    private async Task SendAsync(Socket socket, byte[] message, CancellationToken stopping)
    {
        try
        {
            await socket.SendToAsync(message, RouterSocket.AllNodes, stopping);
        }
        catch (SocketException failure)
        {
            LogUnsent(failure.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "the router advertisement could not be sent: {Error}")]
    private partial void LogUnsent(string error);
}
