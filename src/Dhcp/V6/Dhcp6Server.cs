namespace Cozy.Fleet.Dhcp.V6;

/// <summary>What comes of a message.</summary>
/// <param name="Reply">Null: silence.</param>
/// <param name="Store">Must be on disk before the reply leaves.</param>
/// <param name="Reason">One word, where there is something to count.</param>
public sealed record Dhcp6Answer(Dhcp6Reply? Reply, IReadOnlyList<Lease6> Store, string Reason = "")
{
    public static Dhcp6Answer Silence(string reason) => new(null, [], reason);
}

/// <summary>The server's life of RFC 8415 for addresses (IA_NA), and the boot file of RFC 5970: a function of message,
/// table and time.</summary>
/// <param name="serverId">Our own DUID.</param>
/// <param name="options">What the operator chose beyond the subnets' own; null: nothing.</param>
public sealed class Dhcp6Server(Lease6Table leases, byte[] serverId, OptionPolicy? options = null)
{
    private readonly OptionPolicy options = options ?? OptionPolicy.None;

    /// <param name="bootUrl">What the client boots; null when it is told nothing.</param>
    /// <param name="hostName">What the coordinator calls it; empty leaves it to the reservation.</param>
    public Dhcp6Answer Answer(Dhcp6Request request, string? bootUrl, string hostName, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Misdirected(request) is { } reason)
            return Dhcp6Answer.Silence(reason);
        if (leases.SubnetOf(request.LinkAddress) is not { } subnet)
            return Dhcp6Answer.Silence("no-subnet");
        var bare = new Dhcp6Reply(Dhcp6MessageType.Reply, serverId);
        var own = leases.OwnOf(request, subnet);
        var reply = bare with
        {
            BootUrl = bootUrl,
            HostName = hostName != "" ? hostName : own?.HostName ?? "",
            Options = options.For(request, subnet.Options, own?.Options ?? OptionSet.Empty),
        };
        return request.Type switch
        {
            Dhcp6MessageType.Solicit when request.RapidCommit => Lease(request, subnet, reply with { RapidCommit = true }, now),
            Dhcp6MessageType.Solicit => Advertise(request, subnet, reply, now),
            Dhcp6MessageType.Request or Dhcp6MessageType.Renew or Dhcp6MessageType.Rebind => Lease(request, subnet, reply, now),
            Dhcp6MessageType.Confirm => Confirm(request, subnet, bare),
            Dhcp6MessageType.Release => End(request, subnet, bare, now),
            Dhcp6MessageType.Decline => End(request, subnet, bare, now) with { Reason = "declined" },
            _ => new(reply, []),
        };
    }

    // RFC 8415 16: who must name a server, and who must not.
    private string? Misdirected(Dhcp6Request request)
    {
        var names = request.Type is Dhcp6MessageType.Request or Dhcp6MessageType.Renew or Dhcp6MessageType.Release or Dhcp6MessageType.Decline;
        var mayName = names || request.Type == Dhcp6MessageType.InformationRequest;
        return request.ServerId is { } named
            ? !mayName ? "server-id-where-none-belongs" : named.AsSpan().SequenceEqual(serverId) ? null : "chose-another-server"
            : names ? "no-server-id" : null;
    }

    private Dhcp6Answer Advertise(Dhcp6Request request, Dhcp6Subnet subnet, Dhcp6Reply reply, DateTimeOffset now)
    {
        var given = leases.ClaimsOf(request, subnet).Select(wanted =>
            leases.Offer(wanted.Claim, wanted.Association.Wish, now) is { } address
                ? new Dhcp6Binding(wanted.Association.Id, address, subnet.LeaseTime)
                : Dhcp6Binding.Refused(wanted.Association.Id, Dhcp6Status.NoAddressesAvailable)).ToArray();
        var exhausted = given.Length > 0 && given.All(binding => binding.Address is null);
        return new(reply with { Type = Dhcp6MessageType.Advertise, Bindings = given }, [], exhausted ? "pool-exhausted" : "");
    }

    private Dhcp6Answer Lease(Dhcp6Request request, Dhcp6Subnet subnet, Dhcp6Reply reply, DateTimeOffset now)
    {
        var (bindings, stored) = (new List<Dhcp6Binding>(), new List<Lease6>());
        foreach (var (association, claim) in leases.ClaimsOf(request, subnet))
        {
            // A client that names none leaves the choice to us (RFC 8415 18.3.2); what is reserved for it outranks what it names.
            var wanted = leases.ReservedFor(claim, now)
                ?? (association.Wish != 0 ? association.Wish : leases.Offer(claim, 0, now) ?? 0);
            if (leases.Grant(claim, wanted, now) is not { } lease)
            {
                bindings.Add(Dhcp6Binding.Refused(association.Id, Refusal(request, subnet, wanted)));
                continue;
            }
            // What else it says it has is not ours to give, or no longer its own: a lifetime of 0 takes it away (RFC 8415 18.3.4).
            var withdrawn = association.Addresses.Where(address => address != wanted).Distinct().ToArray();
            var ended = withdrawn.Select(address => leases.LeaseOf(claim.Client, address, now)).OfType<Lease6>()
                .Select(former => Lease6Table.Release(former, now));
            foreach (var changed in ended.Append(lease).ToArray())
            {
                leases.Restore(changed); // Before the next association is looked at.
                stored.Add(changed);
            }
            bindings.Add(new(association.Id, wanted, subnet.LeaseTime) { Withdrawn = withdrawn });
        }
        return new(reply with { Bindings = bindings }, stored, bindings.Exists(binding => binding.Address is null) ? "refused" : "");
    }

    private static Dhcp6Status Refusal(Dhcp6Request request, Dhcp6Subnet subnet, UInt128 wanted) =>
        wanted == 0 ? Dhcp6Status.NoAddressesAvailable
        : !subnet.Contains(wanted) && request.Type == Dhcp6MessageType.Request ? Dhcp6Status.NotOnLink
        : request.Type is Dhcp6MessageType.Renew or Dhcp6MessageType.Rebind ? Dhcp6Status.NoBinding : Dhcp6Status.NoAddressesAvailable;

    // Only whether the addresses fit the link is asked (RFC 8415 18.3.3).
    private static Dhcp6Answer Confirm(Dhcp6Request request, Dhcp6Subnet subnet, Dhcp6Reply reply)
    {
        var addresses = request.Associations.SelectMany(association => association.Addresses).ToArray();
        return addresses.Length == 0
            ? Dhcp6Answer.Silence("nothing-to-confirm")
            : new(reply with { Status = Array.TrueForAll(addresses, subnet.Contains) ? Dhcp6Status.Success : Dhcp6Status.NotOnLink }, []);
    }

    // RELEASE and DECLINE (RFC 8415 18.3.7 and 18.3.8).
    private Dhcp6Answer End(Dhcp6Request request, Dhcp6Subnet subnet, Dhcp6Reply reply, DateTimeOffset now)
    {
        var (bindings, stored) = (new List<Dhcp6Binding>(), new List<Lease6>());
        foreach (var (association, claim) in leases.ClaimsOf(request, subnet))
        {
            var own = association.Addresses.Select(address => leases.LeaseOf(claim.Client, address, now)).OfType<Lease6>().ToArray();
            stored.AddRange(own.Select(lease =>
                request.Type == Dhcp6MessageType.Decline ? Lease6Table.Decline(lease, now) : Lease6Table.Release(lease, now)));
            if (own.Length == 0)
                bindings.Add(Dhcp6Binding.Refused(association.Id, Dhcp6Status.NoBinding));
        }
        stored.ForEach(leases.Restore);
        return new(reply with { Bindings = bindings, Status = Dhcp6Status.Success }, stored);
    }
}
