using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Cozy.Fleet.Agent.Hosting;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>One power-on of one machine, from its first packet on. Its trace holds everything that follows.</summary>
internal sealed class BootSession(string id, DhcpRequest first, ActivityContext trace, DateTimeOffset started)
{
    public string Id => id;

    public MacAddress Mac => first.Mac;

    public MachineUuid? Uuid => first.Uuid;

    public ClientFirmware Firmware => first.Firmware;

    public ActivityContext Trace => trace;

    public string Traceparent => Telemetry.Traceparent(trace);

    public DateTimeOffset Started => started;

    /// <summary>True from the moment that iPXE asked: another firmware DISCOVER is then another power-on.</summary>
    public bool ReachedIpxe { get; set; }

    /// <summary>Starts a span of this boot.</summary>
    public Activity? Span(string name)
    {
        var span = Telemetry.Source.StartActivity(name, ActivityKind.Internal, trace);
        span?.SetTag("boot.session", id).SetTag("node.mac", Mac.ToString());
        return span;
    }
}

/// <summary>The boots that are going on, and the addresses that machines have.</summary>
internal sealed class BootSessions(TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<string, BootSession> byId = new();
    private readonly ConcurrentDictionary<MacAddress, BootSession> byMac = new();
    private readonly ConcurrentDictionary<MacAddress, (IPAddress Address, DateTimeOffset Time)> addresses = new();

    /// <summary>The session that this request belongs to; a firmware's DISCOVER starts a new one.</summary>
    /// <param name="traceparent">The work that a new boot belongs to; empty starts a trace of its own.</param>
    public BootSession For(DhcpRequest request, string traceparent)
    {
        var present = byMac.GetValueOrDefault(request.Mac);
        // Firmware repeats its DISCOVER and then sends a REQUEST; only after iPXE a firmware packet means a new power-on.
        var continues = present is not null && clock.GetUtcNow() - present.Started < Lifetime && (request.IsIpxe || !present.ReachedIpxe);
        var session = continues ? present! : Start(request, traceparent);
        session.ReachedIpxe |= request.IsIpxe;
        return session;
    }

    public BootSession? Find(string id) => byId.GetValueOrDefault(id);

    public BootSession? Find(MacAddress mac) => byMac.GetValueOrDefault(mac);

    public BootSession? Find(MachineUuid uuid) => byId.Values.Where(s => s.Uuid == uuid).MaxBy(s => s.Started);

    /// <summary>The machine was given this address.</summary>
    public void SetAddress(MacAddress mac, IPAddress address) => addresses[mac] = (address, clock.GetUtcNow());

    public IPAddress? AddressOf(MacAddress mac) => addresses.TryGetValue(mac, out var found) ? found.Address : null;

    /// <summary>Addresses that were given lately: where a machine may come up.</summary>
    public IReadOnlyList<(MacAddress Mac, IPAddress Address)> RecentAddresses(TimeSpan within)
    {
        var since = clock.GetUtcNow() - within;
        return [.. addresses.Where(a => a.Value.Time >= since).Select(a => (a.Key, a.Value.Address))];
    }

    private BootSession Start(DhcpRequest request, string traceparent)
    {
        var now = clock.GetUtcNow();
        foreach (var old in byId.Values.Where(s => now - s.Started > Lifetime))
            byId.TryRemove(old.Id, out _);
        var id = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 8);
        var session = new BootSession(id, request, RootOf(request, id, Telemetry.Context(traceparent)), now);
        byMac[request.Mac] = byId[id] = session;
        return session;
    }

    // The root is exported at once: a trace viewer shows the boot while it goes on, and nothing hangs on a span that a
    // crash would lose.
    private static ActivityContext RootOf(DhcpRequest request, string id, ActivityContext work)
    {
        // Not the packet loop's own context: there is none, or a stranger's.
        Activity.Current = null;
        using var root = Telemetry.Source.StartActivity("boot", ActivityKind.Server, work);
        root?.SetTag("boot.session", id).SetTag("node.mac", request.Mac.ToString())
            .SetTag("node.uuid", request.Uuid?.ToString()).SetTag("node.firmware", request.Firmware.ToString());
        return root?.Context ?? new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.None);
    }
}
