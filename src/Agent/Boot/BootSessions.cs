using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Cozy.Fleet.Agent.Hosting;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>A machine that asks what to boot, by DHCP of whichever version.</summary>
internal sealed record BootClient(MacAddress Mac, MachineUuid? Uuid, ClientFirmware Firmware, bool IsIpxe);

/// <summary>One power-on of one machine, from its first packet on. Its trace holds everything that follows.</summary>
internal sealed class BootSession(string id, BootClient first, ActivityContext trace, DateTimeOffset started)
{
    public string Id => id;

    public MacAddress Mac => first.Mac;

    public MachineUuid? Uuid => first.Uuid;

    public ClientFirmware Firmware => first.Firmware;

    public ActivityContext Trace => trace;

    public string Traceparent => Telemetry.Traceparent(trace);

    /// <summary>The last sign of life; a session that shows none for half an hour is forgotten.</summary>
    public DateTimeOffset Seen { get; set; } = started;

    /// <summary>The decision that was reported last: a machine that waits asks every ten seconds, and is news once.</summary>
    public BootPlan? Reported { get; set; }

    /// <summary>
    /// True from the moment that a loader asked, or that the firmware was sent on to its disk: another DISCOVER of the firmware is then
    /// another power-on, or its next boot entry.
    /// </summary>
    public bool IsPastFirmware { get; set; }

    /// <summary>It was told that there is no IPv6 router; its system asks for one as well.</summary>
    public bool ToldOfNoRouter { get; set; }

    /// <summary>Starts a span of this boot.</summary>
    public Activity? Span(string name)
    {
        var span = Telemetry.Source.StartActivity(name, ActivityKind.Internal, trace);
        span?.SetTag("boot.session", id).SetTag("node.mac", Mac.ToString());
        return span;
    }
}

/// <summary>
/// An address in a machine's hands. A renewal changes it in place: thousands of them a second are to leave nothing behind that must be
/// collected.
/// </summary>
internal sealed class HeldAddress(IPAddress address, DateTimeOffset given, DateTimeOffset expires)
{
    private long givenTicks = given.UtcTicks;
    private long expiresTicks = expires.UtcTicks;

    public IPAddress Address => address;

    public DateTimeOffset Given => new(Volatile.Read(ref givenTicks), TimeSpan.Zero);

    public DateTimeOffset Expires => new(Volatile.Read(ref expiresTicks), TimeSpan.Zero);

    public void Renew(DateTimeOffset now, DateTimeOffset until)
    {
        Volatile.Write(ref givenTicks, now.UtcTicks);
        Volatile.Write(ref expiresTicks, until.UtcTicks);
    }
}

/// <summary>The boots that are going on, and the addresses that machines have.</summary>
internal sealed class BootSessions(TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    // More machines than a rack has: a stranger who invents MAC addresses fills no more memory than this.
    private const int MaximumSessions = 4096;

    private readonly ConcurrentDictionary<string, BootSession> byId = new();
    private readonly ConcurrentDictionary<MacAddress, BootSession> byMac = new();
    private readonly ConcurrentDictionary<MacAddress, HeldAddress> addresses = new();
    private readonly ConcurrentDictionary<IPAddress, MacAddress> owners = new();

    private DateTimeOffset swept = clock.GetUtcNow();

    public int Count => byId.Count;

    /// <summary>A machine was given this address (true), or keeps the one that it has (false).</summary>
    public event Action<IPAddress, bool>? AddressGiven;

    /// <inheritdoc cref="For(BootClient, string)"/>
    public BootSession For(DhcpRequest request, string traceparent) =>
        For(new BootClient(request.Mac, request.Uuid, request.Firmware, request.IsIpxe), traceparent);

    /// <summary>The session that this request belongs to; a firmware that asks anew starts a new one.</summary>
    /// <param name="traceparent">The work that a new boot belongs to; empty starts a trace of its own.</param>
    public BootSession For(BootClient request, string traceparent)
    {
        var present = byMac.GetValueOrDefault(request.Mac);
        // Firmware repeats its DISCOVER and then sends a REQUEST; only after that a firmware packet means a new power-on.
        var continues = present is not null && clock.GetUtcNow() - present.Seen < Lifetime && (request.IsIpxe || !present.IsPastFirmware);
        var session = continues ? present! : Start(request, traceparent);
        session.IsPastFirmware |= request.IsIpxe;
        session.Seen = clock.GetUtcNow();
        return session;
    }

    public BootSession? Find(string id)
    {
        if (byId.TryGetValue(id, out var session))
            session.Seen = clock.GetUtcNow();
        return session;
    }

    public BootSession? Find(MacAddress mac) => byMac.GetValueOrDefault(mac);

    public BootSession? Find(MachineUuid uuid) => byId.Values.Where(s => s.Uuid == uuid).MaxBy(s => s.Seen);

    /// <summary>The machine has this address, and nobody else has it any more: an order must not reach its former owner's successor.</summary>
    public void SetAddress(MacAddress mac, IPAddress address, DateTimeOffset expires)
    {
        var now = clock.GetUtcNow();
        if (addresses.TryGetValue(mac, out var held) && held.Address.Equals(address) && owners.TryGetValue(address, out var owner) && owner == mac)
        {
            var isNew = held.Expires <= now;
            held.Renew(now, expires);
            AddressGiven?.Invoke(address, isNew);
            return;
        }
        if (owners.TryGetValue(address, out var former) && former != mac && addresses.TryGetValue(former, out var old) && old.Address.Equals(address))
            addresses.TryRemove(former, out _);
        if (held is not null && !held.Address.Equals(address))
            owners.TryRemove(KeyValuePair.Create(held.Address, mac));
        owners[address] = mac;
        addresses[mac] = new(address, now, expires);
        AddressGiven?.Invoke(address, true);
    }

    /// <summary>Whose address this is while its lease lasts.</summary>
    public MacAddress? OwnerOf(IPAddress address) =>
        owners.TryGetValue(address, out var mac) && address.Equals(AddressOf(mac)) ? mac : null;

    /// <summary>The address while its lease lasts.</summary>
    public IPAddress? AddressOf(MacAddress mac) =>
        addresses.TryGetValue(mac, out var found) && found.Expires > clock.GetUtcNow() ? found.Address : null;

    /// <summary>Addresses in machines' hands that were given within the last while: where a machine may come up.</summary>
    public IReadOnlyList<(MacAddress Mac, IPAddress Address)> RecentAddresses(TimeSpan within)
    {
        var now = clock.GetUtcNow();
        return [.. addresses.Where(a => now - a.Value.Given <= within && a.Value.Expires > now).Select(a => (a.Key, a.Value.Address))];
    }

    private BootSession Start(BootClient request, string traceparent)
    {
        var now = clock.GetUtcNow();
        if (byId.Count >= MaximumSessions || now - swept > Lifetime / 10)
            Sweep(now);
        var id = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 8);
        var session = new BootSession(id, request, RootOf(request, id, Telemetry.Context(traceparent)), now);
        byMac[request.Mac] = byId[id] = session;
        return session;
    }

    // What is over goes; if that is not enough, the oldest go as well.
    private void Sweep(DateTimeOffset now)
    {
        swept = now;
        var excess = byId.Count - (MaximumSessions * 3 / 4);
        foreach (var (old, index) in byId.Values.OrderBy(s => s.Seen).ToArray().Select((s, i) => (s, i)))
        {
            if (now - old.Seen <= Lifetime && index >= excess)
                break;
            byId.TryRemove(old.Id, out _);
            byMac.TryRemove(KeyValuePair.Create(old.Mac, old));
        }
    }

    // The root is exported at once: a trace viewer shows the boot while it goes on, and nothing hangs on a span that a
    // crash would lose.
    private static ActivityContext RootOf(BootClient request, string id, ActivityContext work)
    {
        // Not the packet loop's own context: there is none, or a stranger's.
        Activity.Current = null;
        using var root = Telemetry.Source.StartActivity("boot", ActivityKind.Server, work);
        root?.SetTag("boot.session", id).SetTag("node.mac", request.Mac.ToString())
            .SetTag("node.uuid", request.Uuid?.ToString()).SetTag("node.firmware", request.Firmware.ToString());
        return root?.Context ?? new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.None);
    }
}
