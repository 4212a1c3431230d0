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
public sealed class Dhcp6Server(Lease6Table leases, byte[] serverId)
{
    /// <param name="bootUrl">What the client boots; null when it is told nothing.</param>
    public Dhcp6Answer Answer(Dhcp6Request request, string? bootUrl, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Misdirected(request) is { } reason)
            return Dhcp6Answer.Silence(reason);
        if (leases.SubnetOf(request.LinkAddress) is not { } subnet)
            return Dhcp6Answer.Silence("no-subnet");
        var reply = new Dhcp6Reply(Dhcp6MessageType.Reply, serverId) { BootUrl = bootUrl, NameServers = subnet.NameServers };
        return request.Type switch
        {
            Dhcp6MessageType.Solicit when request.RapidCommit => Lease(request, subnet, reply with { RapidCommit = true }, now),
            Dhcp6MessageType.Solicit => Advertise(request, subnet, reply, now),
            Dhcp6MessageType.Request or Dhcp6MessageType.Renew or Dhcp6MessageType.Rebind => Lease(request, subnet, reply, now),
            Dhcp6MessageType.Confirm => Confirm(request, subnet, reply),
            Dhcp6MessageType.Release => End(request, reply, now, (client, address) => Lease6Table.Release(client, address, now)),
            Dhcp6MessageType.Decline => End(request, reply, now, (client, address) => Lease6Table.Decline(client,
                address, now)) with
            { Reason = "declined" },
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
        var given = request.Associations.Select((association, index) =>
            leases.Offer(Lease6Table.ClientOf(request, index), subnet, association.Wish, now) is { } address
                ? new Dhcp6Binding(association.Id, address, subnet.LeaseTime) : Dhcp6Binding.Refused(association.Id,
                    Dhcp6Status.NoAddressesAvailable)).ToArray();
        var exhausted = given.Length > 0 && given.All(binding => binding.Address is null);
        return new(reply with { Type = Dhcp6MessageType.Advertise, Bindings = given }, [], exhausted ? "pool-exhausted" : "");
    }

    private Dhcp6Answer Lease(Dhcp6Request request, Dhcp6Subnet subnet, Dhcp6Reply reply, DateTimeOffset now)
    {
        var (bindings, stored) = (new List<Dhcp6Binding>(), new List<Lease6>());
        for (var index = 0; index < request.Associations.Count; index++)
        {
            var (association, client) = (request.Associations[index], Lease6Table.ClientOf(request, index));
            // A client that names none leaves the choice to us (RFC 8415 18.3.2).
            var wanted = association.Wish != 0 ? association.Wish : leases.Offer(client, subnet, 0, now) ?? 0;
            if (leases.Grant(client, subnet, wanted, now) is not { } lease)
            {
                bindings.Add(Dhcp6Binding.Refused(association.Id, Refusal(request, subnet, wanted)));
                continue;
            }
            leases.Restore(lease);
            stored.Add(lease);
            // What else it says it has is not ours to give: a lifetime of 0 takes it away (RFC 8415 18.3.4).
            bindings.Add(new(association.Id, wanted,
                subnet.LeaseTime)
            { Withdrawn = [.. association.Addresses.Where(address => address != wanted)] });
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

    private Dhcp6Answer End(Dhcp6Request request, Dhcp6Reply reply, DateTimeOffset now, Func<string, UInt128, Lease6> end)
    {
        var (bindings, stored) = (new List<Dhcp6Binding>(), new List<Lease6>());
        for (var index = 0; index < request.Associations.Count; index++)
        {
            var (association, client) = (request.Associations[index], Lease6Table.ClientOf(request, index));
            var own = association.Addresses.Where(address => leases.Holds(client, address, now)).ToArray();
            stored.AddRange(own.Select(address => end(client, address)));
            if (own.Length == 0)
                bindings.Add(Dhcp6Binding.Refused(association.Id, Dhcp6Status.NoBinding));
        }
        stored.ForEach(leases.Restore);
        return new(reply with { Bindings = bindings, BootUrl = null, Status = Dhcp6Status.Success }, stored);
    }
}
