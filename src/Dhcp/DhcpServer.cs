namespace Cozy.Fleet.Dhcp;

/// <summary>What the server does with one message.</summary>
/// <param name="Reply">Null: silence.</param>
/// <param name="Store">Must be stored durably before the reply leaves.</param>
/// <param name="Reason">Why there is no reply, or why it is a NAK: one word for the counters.</param>
public sealed record DhcpAnswer(DhcpReply? Reply, Lease? Store = null, string Reason = "")
{
    /// <summary>An offer of an address that this client did not have until now: somebody else may use it without a lease.</summary>
    public bool IsFresh { get; init; }

    public static DhcpAnswer Silence(string reason) => new(null, null, reason);
}

/// <summary>The full server: one answer for each message in each client state (RFC 2131 4.3; netboot.md 11).</summary>
/// <param name="options">What the operator chose beyond the subnets' own; null: nothing.</param>
/// <param name="authoritative">We own these networks: unknown clients with wrong addresses are sent back to the start.</param>
public sealed class DhcpServer(LeaseTable leases, bool authoritative, OptionPolicy? options = null)
{
    private readonly OptionPolicy options = options ?? OptionPolicy.None;

    public DhcpAnswer Answer(DhcpRequest request, BootReply? boot, string hostName, DateTimeOffset now)
    {
        if (leases.SubnetOf(request) is not { } subnet)
            return Stray(request);
        var own = leases.OwnOf(request, subnet);
        var reply = new DhcpReply(DhcpMessageType.Ack, Identifier(request, subnet))
        {
            Network = subnet.Network,
            HostName = hostName != "" ? hostName : own?.HostName ?? "",
            Options = OptionFormat.WithDefaultRoute(options.For(request, subnet.Options, own?.Options ?? OptionSet.Empty)),
            Boot = boot,
        };
        return request.MessageType switch
        {
            DhcpMessageType.Discover => Discover(request, subnet, reply, now),
            DhcpMessageType.Request => Request(request, subnet, reply, now),
            DhcpMessageType.Decline => Decline(request, subnet, now),
            DhcpMessageType.Release => Release(request, subnet, now),
            DhcpMessageType.Inform => new(reply),
            _ => DhcpAnswer.Silence("not-for-servers"),
        };
    }

    private DhcpAnswer Discover(DhcpRequest request, DhcpSubnet subnet, DhcpReply reply, DateTimeOffset now) =>
        leases.Offer(request, subnet, now) is { } offer
            ? new(reply with { MessageType = DhcpMessageType.Offer, YourAddress = offer.Address }) { IsFresh = offer.IsFresh }
            : DhcpAnswer.Silence("pool-exhausted");

    // A machine that was moved here and rebinds its former network's address: who owns the link sends it back to the start.
    private DhcpAnswer Stray(DhcpRequest request) =>
        authoritative && request is { MessageType: DhcpMessageType.Request, SubnetAddress: 0 } && leases.LocalSubnet is { } local
            ? Nak(request, local, "That address does not belong to this network.")
            : DhcpAnswer.Silence("no-subnet");

    private DhcpAnswer Request(DhcpRequest request, DhcpSubnet subnet, DhcpReply reply, DateTimeOffset now)
    {
        if (request.ServerIdentifier != 0 && request.ServerIdentifier != Identifier(request, subnet))
        {
            leases.Withdraw(request);
            return DhcpAnswer.Silence("chose-another-server");
        }

        // SELECTING and INIT-REBOOT name the address in option 50, RENEWING and REBINDING in ciaddr.
        var address = request.RequestedAddress != 0 ? request.RequestedAddress : request.ClientAddress;
        if (address == 0)
            return DhcpAnswer.Silence("no-address-asked");
        if (subnet.Network.Contains(address) && leases.Grant(request, address, subnet, now) is { } lease && (leases.Holds(request, address, now) || MayClaim(request, subnet)))
        {
            leases.Restore(lease);
            return new(reply with { YourAddress = address }, lease);
        }
        // An unknown client that checks an old address is another server's, unless the network is ours alone.
        if (request.ServerIdentifier == 0 && !authoritative && !leases.Knows(request, subnet))
            return DhcpAnswer.Silence("unknown-client");
        return Nak(request, subnet, subnet.Network.Contains(address)
            ? "That address is not yours." : "That address does not belong to this network.");
    }

    private bool MayClaim(DhcpRequest request, DhcpSubnet subnet) =>
        request.ServerIdentifier != 0 || authoritative || leases.Knows(request, subnet);

    private DhcpAnswer Decline(DhcpRequest request, DhcpSubnet subnet, DateTimeOffset now)
    {
        if (request.ServerIdentifier != Identifier(request, subnet) || !leases.Holds(request, request.RequestedAddress, now))
            return DhcpAnswer.Silence("decline-of-unknown-lease");
        var quarantine = LeaseTable.Decline(request.RequestedAddress, request.Mac, now);
        leases.Restore(quarantine);
        return new(null, quarantine, "declined");
    }

    private DhcpAnswer Release(DhcpRequest request, DhcpSubnet subnet, DateTimeOffset now)
    {
        if (request.ServerIdentifier != Identifier(request, subnet) || !leases.Holds(request, request.ClientAddress, now))
            return DhcpAnswer.Silence("release-of-unknown-lease");
        // Expired, not forgotten: the client gets the same address when it comes back.
        var released = new Lease(request.ClientAddress, request.Mac, now);
        leases.Restore(released);
        return new(null, released);
    }

    private static DhcpAnswer Nak(DhcpRequest request, DhcpSubnet subnet, string message) =>
        new(new(DhcpMessageType.Nak, Identifier(request, subnet)) { Message = message }, null, "nak");

    // RFC 5107: renewals go through a relay that asks for it.
    private static uint Identifier(DhcpRequest request, DhcpSubnet subnet) =>
        request.ServerIdentifierOverride != 0 ? request.ServerIdentifierOverride : subnet.ServerAddress;
}

/// <summary>
/// ProxyDHCP beside somebody else's server (PXE 2.1; netboot.md 8): boot information and no address, for clients that want to
/// boot and for nobody else: a plain client would take an offer without an address (dnsmasq-like silence is the rule).
/// </summary>
public static class ProxyDhcp
{
    /// <param name="bootService">The message came in on port 4011.</param>
    public static DhcpAnswer Answer(DhcpRequest request, BootReply? boot, uint serverAddress, bool bootService)
    {
        if (!request.WantsBoot)
            return DhcpAnswer.Silence("not-a-boot-client");
        if (boot is null)
            return DhcpAnswer.Silence("nothing-to-boot");
        return (bootService, request.MessageType) switch
        {
            (false, DhcpMessageType.Discover) => new(new(DhcpMessageType.Offer, serverAddress) { Boot = boot }),
            (true, DhcpMessageType.Request or DhcpMessageType.Inform) => new(new(DhcpMessageType.Ack, serverAddress) { Boot = boot }),
            // The broadcast REQUEST on 67 belongs to the DHCP server; answering it confuses PXE state machines.
            _ => DhcpAnswer.Silence("not-for-a-proxy"),
        };
    }
}
