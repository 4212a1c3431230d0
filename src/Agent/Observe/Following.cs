using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>How a look ended: which API answered, and where. <see cref="ApiMode.Unreachable"/> when none did.</summary>
internal sealed record Sight(ApiMode Mode, string Address)
{
    public static readonly Sight Nothing = new(ApiMode.Unreachable, "");

    /// <summary>False when a part of the picture is missing that nobody tells of when it is there: etcd, or the Node in Kubernetes.</summary>
    public bool IsWhole { get; init; } = true;

    public bool IsAtPlaceOf(Sight other) => (Mode, Address) == (other.Mode, other.Address);
}

/// <summary>Why a watch is over.</summary>
internal enum WatchEnd
{
    /// <summary>The node, the network or the API's restart: normal life.</summary>
    Broken,

    /// <summary>The node lets us watch nothing.</summary>
    Refused,

    /// <summary>Its credentials ended; there are new ones.</summary>
    Renewed,

    /// <summary>The agent has as many watches as it may have.</summary>
    NoRoom,
}

/// <summary>What happens to a node that is followed.</summary>
internal abstract record FollowSignal
{
    private FollowSignal()
    {
    }

    /// <summary>Time passed.</summary>
    internal sealed record Passed : FollowSignal;

    /// <summary>The node itself said that something changed, or we know it: a command was carried out, a lease shows more.</summary>
    internal sealed record Changed : FollowSignal;

    /// <summary>Somebody said, without proof, that the node lives: a packet, an event at the sink, a line of its kernel's log.</summary>
    internal sealed record Hinted : FollowSignal;

    /// <summary>Something changed elsewhere in its cluster.</summary>
    internal sealed record Nudged : FollowSignal;

    internal sealed record Looked(Sight Sight) : FollowSignal;

    internal sealed record Opened : FollowSignal;

    internal sealed record Lost(WatchEnd End) : FollowSignal;
}

/// <summary>How often a node may be bothered.</summary>
internal sealed record FollowPace
{
    // An address that nobody answers at stays in the kernel's table of neighbours for 15 seconds and more, and from 1,024 of them on (gc_thresh3
    // of arp(7)) the kernel holds up every packet while it makes room: DHCP's slowest answers took 14 ms instead of 0.3.
    private const double LooksPerSecond = 50;

    /// <summary>From the moment that a node is followed to the first look at it.</summary>
    public TimeSpan FirstLook { get; init; }

    /// <summary>A node that answers and says nothing is looked at as seldom as this.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Between the beginnings of two looks, however much changes.</summary>
    public TimeSpan Spacing { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The same, when the reason is only a hint or a nudge. <see cref="FirstRetry"/> where nobody answered.</summary>
    public TimeSpan HintSpacing { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same, while a watch stands, which knows better than any hint.</summary>
    public TimeSpan WatchedHintSpacing { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Between two tries at a node that shows no sign of life.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Between two tries at a node that was heard of within <see cref="AlertLife"/>: it will answer soon.</summary>
    public TimeSpan AlertRetry { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan AlertLife { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Without a sign of life for so long, a node is tried once in <see cref="GivenUpRetry"/>.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.MaxValue;

    public TimeSpan GivenUpRetry { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A watch that lasted so long was a good one: the next is tried at once.</summary>
    public TimeSpan GoodWatch { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RefusedWatch { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The pace of one of many machines that may answer or not: together they are looked at 50 times a second at most, whatever a room full of
    /// them does at once. Up to 25 machines this changes nothing but the first look, which is too early for a machine that just got its address.
    /// </summary>
    public FollowPace Among(int machines)
    {
        var share = TimeSpan.FromSeconds(machines / LooksPerSecond);
        return this with
        {
            FirstLook = Longer(FirstLook),
            FirstRetry = Longer(FirstRetry),
            AlertRetry = Longer(AlertRetry),
            LongestRetry = Longer(LongestRetry),
            GivenUpRetry = Longer(GivenUpRetry),
            HintSpacing = Longer(HintSpacing),
        };

        TimeSpan Longer(TimeSpan pause) => pause > share ? pause : share;
    }
}

internal enum WatchState
{
    None,
    Opening,
    Stands,
}

/// <summary>What is known of a node that is followed.</summary>
internal sealed record FollowState(DateTimeOffset LastSign)
{
    public bool Looking { get; init; }

    /// <summary>The beginning of the last look.</summary>
    public DateTimeOffset LookedAt { get; init; } = DateTimeOffset.MinValue;

    public DateTimeOffset LookDue { get; init; } = LastSign;

    /// <summary>Looks in a row that found nobody.</summary>
    public int Failures { get; init; }

    /// <summary>Looks in a row that found the node, but not the whole picture.</summary>
    public int Partial { get; init; }

    /// <summary>Where the node answered when it was looked at last; null when it did not.</summary>
    public Sight? Seen { get; init; }

    public WatchState Watch { get; init; }

    public Sight? Watched { get; init; }

    public DateTimeOffset WatchedAt { get; init; }

    public DateTimeOffset WatchDue { get; init; } = LastSign;

    public int WatchFailures { get; init; }
}

/// <summary>What to do now.</summary>
/// <param name="Abandon">The look that goes on is in vain: end it, its outcome does not count.</param>
/// <param name="Close">The watch is of no use any more.</param>
/// <param name="Open">Where to begin a watch.</param>
/// <param name="Wake">When to ask again if nothing happens; the maximum for never.</param>
internal sealed record FollowOrder(bool Look, bool Abandon, bool Close, Sight? Open, DateTimeOffset Wake);

/// <summary>
/// Decides when to look at a node and when to watch it. A watch or an event makes a look at once, many of them one look; without any the
/// node is polled slowly. A node that does not answer is tried again with growing pauses, which a sign of life makes short again, and so is
/// one that does not show all of itself yet. One look and one watch at a time.
/// </summary>
internal static class Following
{
    public static (FollowState State, FollowOrder Order) Next(FollowState state, FollowSignal signal, DateTimeOffset now, FollowPace pace)
    {
        // A look at a node that was silent may hang for long; when it gives a sign of life, another one is faster.
        var abandon = signal is FollowSignal.Hinted && state is { Looking: true, Seen: null } && now - state.LookedAt >= pace.HintSpacing;
        var next = Take(abandon ? state with { Looking = false } : state, signal, now, pace);
        var close = signal is not FollowSignal.Lost && state.Watch != WatchState.None && next.Watch == WatchState.None;
        var open = next.Watch == WatchState.None && next.WatchDue <= now ? next.Seen : null;
        if (open is not null)
            next = next with { Watch = WatchState.Opening, Watched = open, WatchedAt = now };
        var look = !next.Looking && next.LookDue <= now;
        if (look)
            next = next with { Looking = true, LookedAt = now, LookDue = DateTimeOffset.MaxValue };
        return (next, new(look, abandon, close, open, Wake(next)));
    }

    private static DateTimeOffset Wake(FollowState state) => Earlier(
        state.Looking ? DateTimeOffset.MaxValue : state.LookDue,
        state is { Watch: WatchState.None, Seen: not null } ? state.WatchDue : DateTimeOffset.MaxValue);

    private static FollowState Take(FollowState state, FollowSignal signal, DateTimeOffset now, FollowPace pace) => signal switch
    {
        FollowSignal.Changed => LookSoon(state, pace.Spacing, now) with { LastSign = now },
        FollowSignal.Hinted => LookSoon(state, HintSpacing(state, pace), now) with { LastSign = now, Failures = 0 },
        FollowSignal.Nudged => LookSoon(state, pace.HintSpacing, now),
        FollowSignal.Opened => LookSoon(state, pace.Spacing, now) with { Watch = WatchState.Stands, LastSign = now },
        FollowSignal.Looked looked => Looked(state with { Looking = false }, looked.Sight, now, pace),
        FollowSignal.Lost lost => Lost(state with { Watch = WatchState.None, Watched = null }, lost.End, now, pace),
        _ => state,
    };

    // Whoever did not answer yet, and says something now, is about to.
    private static TimeSpan HintSpacing(FollowState state, FollowPace pace) =>
        state.Watch == WatchState.Stands ? pace.WatchedHintSpacing : state.Seen is null ? pace.FirstRetry : pace.HintSpacing;

    private static FollowState LookSoon(FollowState state, TimeSpan spacing, DateTimeOffset now) => state with
    {
        // The first look has its time already.
        LookDue = state.LookedAt == DateTimeOffset.MinValue ? state.LookDue : Earlier(state.LookDue, Later(now, state.LookedAt + spacing)),
    };

    private static FollowState Looked(FollowState state, Sight sight, DateTimeOffset now, FollowPace pace)
    {
        if (sight.Mode is ApiMode.Unreachable or ApiMode.Unspecified)
        {
            state = state with { Seen = null, Failures = state.Failures + 1, Watch = WatchState.None, Watched = null };
            return state with { LookDue = Earlier(state.LookDue, now + Retry(state, now, pace)) };
        }
        var moved = state.Watched is { } watched && !watched.IsAtPlaceOf(sight);
        var partial = sight.IsWhole ? 0 : state.Partial + 1;
        var pause = partial == 0 ? pace.Poll : Growing(partial, pace.FirstRetry, pace.Poll);
        return state with
        {
            Seen = sight,
            Failures = 0,
            Partial = partial,
            LastSign = now,
            LookDue = Earlier(state.LookDue, Later(now, state.LookedAt + pause)),
            Watch = moved ? WatchState.None : state.Watch,
            Watched = moved ? null : state.Watched,
        };
    }

    private static FollowState Lost(FollowState state, WatchEnd end, DateTimeOffset now, FollowPace pace)
    {
        if (end == WatchEnd.Renewed)
            return state with { WatchDue = now };
        if (end != WatchEnd.Broken)
            return state with { WatchDue = now + (end == WatchEnd.Refused ? pace.RefusedWatch : pace.Poll) };
        var failures = now - state.WatchedAt < pace.GoodWatch ? state.WatchFailures + 1 : 0;
        return LookSoon(state, pace.Spacing, now) with
        {
            Seen = null,
            WatchFailures = failures,
            WatchDue = failures == 0 ? now : now + Growing(failures, pace.FirstRetry, pace.Poll),
        };
    }

    private static TimeSpan Retry(FollowState state, DateTimeOffset now, FollowPace pace)
    {
        var silence = now - state.LastSign;
        if (silence > pace.Patience)
            return pace.GivenUpRetry;
        var longest = silence < pace.AlertLife && pace.AlertRetry < pace.LongestRetry ? pace.AlertRetry : pace.LongestRetry;
        return Growing(state.Failures, pace.FirstRetry, longest);
    }

    private static TimeSpan Growing(int failures, TimeSpan first, TimeSpan longest)
    {
        var grown = first * Math.Pow(2, Math.Min(failures, 20) - 1);
        return grown < longest ? grown : longest;
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
