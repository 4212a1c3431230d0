using System.Collections.Concurrent;
using System.Net;
using Cozy.Fleet.Agent.Boot;

namespace Cozy.Fleet.Agent.Observe.Hints;

/// <summary>
/// Who may tell us something without proof, and how much of it: machines that hold an address of this rack, each at a bounded rate and with
/// a bounded number of connections. Everybody else is refused and counted.
/// </summary>
internal sealed class Senders(BootSessions sessions, Observer observer, RefusalCounters refused, TimeProvider clock)
{
    /// <summary>A node replays its whole boot when it reconnects: a thousand events, some thousand lines (talos.md 1.3).</summary>
    public const int Burst = 4000;

    /// <summary>What a node may say each second when that is used up.</summary>
    public const int PerSecond = 100;

    /// <summary>A rebooted node leaves dead connections behind: the newest are the true ones.</summary>
    public const int ConnectionsPerAddress = 4;

    private static readonly TimeSpan HintInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<IPAddress, Sender> known = new();

    /// <summary>The sender at an address of this rack; null for strangers, who are counted.</summary>
    /// <param name="channel">For the counter, such as <c>kernel-log</c>.</param>
    public Sender? Find(IPAddress address, string channel)
    {
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        // A lease names the machine, wherever else its address was seen before; else the coordinator told where its node is.
        if ((sessions.OwnerOf(address)?.ToString() ?? observer.NodeAt(address)) is not { } name)
        {
            known.TryRemove(address, out _);
            refused.Count(channel + "/unknown-address");
            return null;
        }
        var sender = known.GetOrAdd(address, a => new(a, name, clock));
        return sender.Name == name ? sender : known[address] = new(address, name, clock);
    }

    /// <summary>A look at the node is due; whoever follows it decides when.</summary>
    public void Hint(Sender sender) => observer.Hint(sender.Address);

    /// <summary>The same for what comes in great numbers and says little: at most once a second.</summary>
    public void HintSeldom(Sender sender)
    {
        if (sender.MayHint(HintInterval))
            Hint(sender);
    }

    /// <summary>Whether the sender may say one more thing now; one too many is counted.</summary>
    public bool TryTake(Sender sender, string channel)
    {
        if (sender.TryTake(Burst, PerSecond))
            return true;
        refused.Count(channel + "/too-fast");
        return false;
    }
}

/// <summary>One machine that tells things, at one address.</summary>
/// <param name="name">Its MAC address when we gave it its address, else the node's name.</param>
internal sealed class Sender(IPAddress address, string name, TimeProvider clock)
{
    private readonly Lock gate = new(); // Its connections are on threads of their own.
    private readonly LinkedList<Action> connections = new();
    private double spent;
    private long spentAt = clock.GetTimestamp();
    private long? hintedAt;

    public IPAddress Address => address;

    public string Name => name;

    public bool TryTake(int burst, int perSecond)
    {
        lock (gate)
        {
            var now = clock.GetTimestamp();
            spent = Math.Max(0, spent - (clock.GetElapsedTime(spentAt, now).TotalSeconds * perSecond));
            spentAt = now;
            if (spent + 1 > burst)
                return false;
            spent++;
            return true;
        }
    }

    public bool MayHint(TimeSpan interval)
    {
        lock (gate)
        {
            if (hintedAt is { } last && clock.GetElapsedTime(last) < interval)
                return false;
            hintedAt = clock.GetTimestamp();
            return true;
        }
    }

    /// <summary>Another connection; the oldest one goes when there are too many.</summary>
    /// <returns>To be called at its end.</returns>
    public Action Connected(Action abort, int most)
    {
        Action? oldest = null;
        LinkedListNode<Action> mine;
        lock (gate)
        {
            mine = connections.AddLast(abort);
            if (connections.Count > most)
            {
                oldest = connections.First!.Value;
                connections.RemoveFirst();
            }
        }
        oldest?.Invoke();
        return () =>
        {
            lock (gate)
            {
                if (mine.List is not null)
                    connections.Remove(mine);
            }
        };
    }
}
