using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Tests.Observe;

public sealed class FollowingInAnyOrderTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly FollowPace Pace = new();
    private static readonly Sight Secure = new(ApiMode.Secure, "10.0.0.1");

    // Whatever happens in whatever order: one look and one watch at a time, never faster than allowed, and never forgotten.
    [Fact]
    public void In_any_order_of_events_it_keeps_its_promises()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var run = 0; run < 200; run++)
            RunRandomly(random, $"seed {seed}, run {run}");
    }

    private static void RunRandomly(Random random, string what)
    {
        var (state, now) = (new FollowState(Start), Start);
        var (looking, watching, lastLook, order) = (false, false, DateTimeOffset.MinValue, (FollowOrder?)null);
        for (var step = 0; step < 300; step++)
        {
            var pass = TimeSpan.FromMilliseconds(random.Next(0, 3000));
            now = order is not null && order.Wake - now < pass ? order.Wake : now + pass;
            var signal = Draw(random, looking, watching);
            looking &= signal is not FollowSignal.Looked;
            watching &= signal is not FollowSignal.Lost;
            (state, order) = Following.Next(state, signal, now, Pace);
            if (order.Abandon)
                looking = false;
            watching &= !order.Close;
            if (order.Look)
            {
                Assert.False(looking, what);
                Assert.True(lastLook == DateTimeOffset.MinValue || now - lastLook >= Pace.Spacing, what);
                (looking, lastLook) = (true, now);
            }
            Assert.False(watching && order.Open is not null, what);
            watching |= order.Open is not null;
            // Whoever waits for nothing must know when to ask again.
            Assert.True(order.Wake > now && (looking || order.Wake <= now + Pace.Poll), what);
        }
    }

    private static FollowSignal Draw(Random random, bool looking, bool watching) => random.Next(8) switch
    {
        0 => new FollowSignal.Hinted(),
        1 => new FollowSignal.Nudged(),
        2 when looking => new FollowSignal.Looked(Sight.Nothing),
        3 when looking => new FollowSignal.Looked(random.Next(2) == 0 ? Secure with { Mode = ApiMode.Maintenance } : Secure),
        4 when looking => new FollowSignal.Looked(Secure with { IsWhole = random.Next(2) == 0 }),
        5 when watching => new FollowSignal.Opened(),
        6 when watching => new FollowSignal.Changed(),
        7 when watching => new FollowSignal.Lost((WatchEnd)random.Next(4)),
        _ => new FollowSignal.Passed(),
    };
}
