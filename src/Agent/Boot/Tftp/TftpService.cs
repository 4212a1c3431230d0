using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Config;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>What the threads of a TFTP server have in common.</summary>
/// <param name="IsSinglePort">Transfers use the port of the requests.</param>
/// <param name="BlockLimit">Bytes: the longest block that fits into a packet of this link.</param>
internal sealed record TftpSetting(
    TftpFiles Files, BootReporter Reporter, RefusalCounters Refused, TimeProvider Clock, bool IsSinglePort, int BlockLimit);

/// <summary>
/// The TFTP server: a few threads that share the port. The kernel chooses by the client's address and port who gets a request, so its
/// repetitions, and in single-port mode the whole transfer, come to the same one.
/// </summary>
internal sealed class TftpService(
    AgentConfig config, TftpFiles files, BootReporter reporter, RefusalCounters refused, TimeProvider clock, ILogger<TftpService> log)
    : IHostedService, IAsyncDisposable
{
    private const int UdpAndTftp = 8 + 4; // A fragment is lost by many ROMs (netboot.md 13.2).

    // One thread leaves a core idle whenever a crowd of clients waits for it (`./fleet bench tftp`, 40 clients); many would have nothing to do.
    private const int MostThreads = 4;

    private readonly List<TftpLoop> loops = [];

    public int Port { get; private set; }

    /// <summary>Where machines reach it: each version of IP has a server of its own.</summary>
    public IPAddress Address { get; init; } = config.Address;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var isIpv6 = Address.AddressFamily == AddressFamily.InterNetworkV6;
        var setting = new TftpSetting(files, reporter, refused, clock, config.TftpSinglePort, Link.MtuOf(Address) - (isIpv6 ? 40 : 20) - UdpAndTftp);
        var limits = new TransferLimits(config.TftpTransfers, config.TftpTransfersPerClient);
        Port = config.TftpPort;
        for (var i = 0; i < Math.Min(Environment.ProcessorCount, MostThreads); i++)
            loops.Add(new(setting, limits, Listen(isFirst: i == 0), log));
        loops.ForEach(loop => loop.Start());
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var loop in loops)
            await loop.DisposeAsync();
        loops.Clear();
    }

    // A start that failed half way has no stop.
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    // Bound to the provisioning address alone: replies come from the address that was asked, and nobody else is served. The first one does
    // not share the port until it has it, so another server on it is an error.
    private Socket Listen(bool isFirst)
    {
        var socket = new Socket(Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (!isFirst)
            Link.SharePort(socket);
        Link.Bind(socket, new IPEndPoint(Address, Port), "TFTP");
        if (isFirst)
            Link.SharePort(socket);
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }
}
