using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// DHCPv6 on the wire: receives, asks the core for the answer, stores the leases, sends. A packet that is not for us is
/// counted and forgotten; nothing that a packet holds can stop the loop.
/// </summary>
internal sealed partial class Dhcp6Service(
    AgentConfig config, DesiredStateStore desired, BootSessions sessions, BootReporter reporter, RefusalCounters refused,
    TimeProvider clock, ILogger<Dhcp6Service> log) : IHostedService, IAsyncDisposable
{
    // RFC 8415 7.2.
    private const int ClientPort = 546;

    private readonly Lease6Table leases = new(config.Dhcp6?.Subnets ?? [], config.Dhcp6?.Reservations ?? []);
    private readonly Lock gate = new(); // The loop answers while the lease log reports.
    private MacAddress? ourCard;
    private Dhcp6Server? server;
    private LeaseStore<Lease6>? store;
    private DhcpListener? listener;

    /// <summary>Where clients ask (RFC 8415 7.1).</summary>
    public static IPAddress AllServers { get; } = IPAddress.Parse("ff02::1:2");

    /// <summary>Our DUID; empty when nobody is served over IPv6.</summary>
    public byte[] ServerId { get; private set; } = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (config.Dhcp6 is not { } wanted)
            return;
        store = await LeaseStore<Lease6>.OpenAsync(config.DataDirectory, LeaseFormats.V6, leases, clock.GetUtcNow());
        foreach (var lease in leases.List(clock.GetUtcNow()).Where(l => !l.Declined))
            Remember(lease.Mac, lease.Address, lease.Expires);
        ServerId = await ServerIdAsync(Path.Combine(config.DataDirectory, "dhcp6.duid"), cancellationToken);
        server = new(leases, ServerId, wanted.Options);
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        if (config.Interface != "")
        {
            var group = new IPv6MulticastOption(AllServers, LinkEndPoint.IndexOf(config.Interface));
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, group);
            ourCard = LinkEndPoint.CardOf(config.Interface);
        }
        var where = new IPEndPoint(config.Interface != "" ? IPAddress.IPv6Any : wanted.Address, wanted.Port);
        listener = new(new(socket, where, config.Interface, "DHCPv6", "dhcp6"), Handle, refused, log);
        listener.Start();
        LogReady(wanted.Address.ToString(), listener.Port);
    }

    /// <summary>How many addresses are in machines' hands.</summary>
    public int LeaseCount
    {
        get
        {
            lock (gate)
                return leases.LiveCount(clock.GetUtcNow());
        }
    }

    /// <summary>At most so many leases and quarantines, in the order of their addresses, with their machines' names.</summary>
    /// <param name="after">0 for the first ones.</param>
    public IReadOnlyList<(Lease6 Lease, string HostName)> LeasesAfter(UInt128 after, int limit)
    {
        IReadOnlyList<Lease6> all;
        lock (gate)
            all = leases.List(clock.GetUtcNow());
        return [.. all.Where(l => l.Address > after).Take(limit).Select(Named)];
    }

    /// <summary>Ends a lease or a quarantine by an operator's word; what it was, when that is on disk. Null when there is none.</summary>
    public async Task<(Lease6 Lease, string HostName)?> ReleaseAsync(UInt128 address)
    {
        Lease6? former;
        Task stored;
        lock (gate)
        {
            var now = clock.GetUtcNow();
            former = leases.At(address);
            if (leases.Release(address, now) is not { } ended)
                return null;
            stored = store!.AppendAsync([ended], now);
        }
        await stored;
        LogReleased(Ipv6.ToAddress(address).ToString(), former!.Client);
        return Named(former);
    }

    private (Lease6 Lease, string HostName) Named(Lease6 lease)
    {
        var given = lease.Mac is { } mac ? BootDecision.For(desired.Current, mac, null).HostName : "";
        return (lease, given != "" ? given : config.Dhcp6!.Reservations.FirstOrDefault(r => r.Address == lease.Address)?.HostName ?? "");
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (listener is not null)
            await listener.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (store is not null)
            await store.DisposeAsync();
    }

    // A DUID-UUID (RFC 6355), made once: clients renew with the server that they know.
    private static async Task<byte[]> ServerIdAsync(string file, CancellationToken cancellation)
    {
        if (File.Exists(file) && await File.ReadAllBytesAsync(file, cancellation) is { Length: 18 } kept)
            return kept;
        byte[] made = [0, 4, .. RandomNumberGenerator.GetBytes(16)];
        await PrivateFile.WriteAsync(file, made, cancellation);
        return made;
    }

    private void Handle(Socket socket, ReadOnlySpan<byte> datagram, IPEndPoint source)
    {
        if (!Dhcp6Request.TryFrom(datagram, Ipv6.ToNumber(source.Address), out var request, out var refusal))
        {
            refused.Count("dhcp6/" + refusal);
            return;
        }
        // Our own question for other servers, which a relay brought back (ForeignServers).
        if (request.Mac is not null && request.Mac == ourCard)
            return;
        var plan = request.Mac is { } mac ? BootDecision.For(desired.Current, mac, request.Uuid) : null;
        var session = SessionOf(request, plan);
        var url = session is null ? null : BootUrl(request, session);
        var incoming = new Incoming(socket, request, source, session, url);
        Dhcp6Answer answer;
        lock (gate)
        {
            var now = clock.GetUtcNow();
            answer = server!.Answer(request, url, plan?.HostName ?? "", now);
            // Handed over inside the lock: the file has the leases in the order in which they were given.
            if (answer.Store.Count > 0)
                store!.Append(answer.Store, now, failure => Settle(incoming, answer, failure));
        }
        if (answer.Reason != "")
        {
            refused.Count("dhcp6/" + answer.Reason);
            LogSilent(request.Type, source.ToString(), answer.Reason);
        }
        if (answer is { Store: [], Reply: { } reply })
            Finish(incoming, reply);
    }

    private BootSession? SessionOf(Dhcp6Request request, BootPlan? plan)
    {
        var asks = request.Type is Dhcp6MessageType.Solicit or Dhcp6MessageType.Request or Dhcp6MessageType.InformationRequest;
        if (!asks || !request.WantsBoot)
            return null;
        if (request.Mac is not { } mac || plan is null)
        {
            // Without its card nobody can tell which machine it is; it gets an address and nothing to boot.
            refused.Count("dhcp6/no-mac-address");
            return null;
        }
        return sessions.For(new BootClient(mac, request.Uuid, request.Firmware, request.IsIpxe), plan.Traceparent);
    }

    // First lap: iPXE itself. Second lap: the script, which goes on over HTTP.
    private string? BootUrl(Dhcp6Request request, BootSession session)
    {
        var loader = request.Firmware == ClientFirmware.UefiArm64 ? config.Arm64Loader : config.UefiLoader;
        if (request.IsIpxe)
            return $"{reporter.BootUrl6}boot/{session.Id}/script.ipxe";
        if (loader == "" || request.Firmware == ClientFirmware.Bios) // There is no BIOS that boots over IPv6.
        {
            refused.Count("dhcp6/no-loader-for-architecture");
            return null;
        }
        return request.LoadsUrl
            ? $"{reporter.BootUrl6}boot/{session.Id}/{loader}"
            : $"tftp://[{config.Dhcp6!.Address}]/b/{session.Id}/{loader}";
    }

    // Store first, answer after: an acknowledged lease survives a power cut.
    private void Settle(Incoming incoming, Dhcp6Answer answer, IOException? failure)
    {
        if (failure is not null)
        {
            refused.Count("dhcp6/lease-not-stored");
            LogStoreError(failure.Message);
        }
        else if (answer.Reply is { } reply)
        {
            Finish(incoming, reply);
        }
    }

    private void Finish(Incoming incoming, Dhcp6Reply reply)
    {
        var (socket, request, source, session, url) = incoming;
        try
        {
            // A relay listens where servers do, a client on its own port, whichever it sent from.
            var port = config.Interface == "" ? source.Port : request.Relays.Count > 0 ? ((IPEndPoint)socket.LocalEndPoint!).Port : ClientPort;
            socket.SendTo(reply.Write(request), new IPEndPoint(source.Address, port));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // One answer that could not be sent keeps no other from leaving.
            refused.Count("dhcp6/send-failed");
            LogSendError(source.ToString(), failure.Message);
            return;
        }
        var address = reply.Bindings.FirstOrDefault(binding => binding.Address is not null)?.Address;
        if (session is not null && url is not null && reply.Type == Dhcp6MessageType.Advertise)
            reporter.Dhcp6Answered(session, request.IsIpxe, address is { } told ? Ipv6.ToAddress(told).ToString() : "", url);
        // What a system has, not what a firmware has for a minute.
        if (address is { } given && !request.WantsBoot && reply.Type == Dhcp6MessageType.Reply)
            Remember(request.Mac, given, clock.GetUtcNow() + reply.Bindings.Max(binding => binding.LeaseTime));
    }

    // Where a machine has both, it is spoken to over IPv4.
    private void Remember(MacAddress? card, UInt128 address, DateTimeOffset expires)
    {
        if (card is { } mac && sessions.AddressOf(mac) is not { AddressFamily: AddressFamily.InterNetwork })
            sessions.SetAddress(mac, Ipv6.ToAddress(address), expires);
    }

    private sealed record Incoming(Socket Socket, Dhcp6Request Request, IPEndPoint Source, BootSession? Session, string? Url);

    [LoggerMessage(LogLevel.Information, "DHCPv6 on {Address} port {Port}")]
    private partial void LogReady(string address, int port);

    [LoggerMessage(LogLevel.Information, "DHCPv6: {Address} of {Client} was released by an operator")]
    private partial void LogReleased(string address, string client);

    [LoggerMessage(LogLevel.Debug, "DHCPv6: {Type} of {Source}: {Reason}")]
    private partial void LogSilent(Dhcp6MessageType type, string source, string reason);

    [LoggerMessage(LogLevel.Error, "DHCPv6: a lease could not be stored and is not given: {Error}")]
    private partial void LogStoreError(string error);

    [LoggerMessage(LogLevel.Warning, "DHCPv6: the answer to {Source} could not be sent: {Error}")]
    private partial void LogSendError(string source, string error);
}
