using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Tests.Observe;

public sealed class FollowingTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly FollowPace Pace = new();
    private static readonly Sight Secure = new(ApiMode.Secure, "10.0.0.1");

    private FollowState state = new(Start);
    private DateTimeOffset now = Start;

    [Fact]
    public void A_new_node_is_looked_at_at_once_and_watched_where_it_answered()
    {
        Assert.True(Do(new FollowSignal.Passed()).Look);

        var order = Do(new FollowSignal.Looked(Secure));

        Assert.Equal((false, Secure), (order.Look, order.Open));
        Assert.Equal(Pace.Poll, order.Wake - now);
    }

    [Fact]
    public void When_the_watch_stands_it_looks_again_what_was_between_is_not_missed()
    {
        Watched();
    }

    [Fact]
    public void A_change_is_looked_at_at_once_and_many_changes_are_one_look()
    {
        Watched();
        Pass(10);

        Assert.True(Do(new FollowSignal.Changed()).Look);
        Assert.False(Do(new FollowSignal.Changed()).Look);
        Assert.False(Do(new FollowSignal.Changed()).Look);
        Pass(0.1);
        var done = Do(new FollowSignal.Looked(Secure));

        // What changed during the look is seen by the next one, no sooner than the spacing allows.
        Assert.Equal((false, Pace.Spacing - TimeSpan.FromSeconds(0.1)), (done.Look, done.Wake - now));
        now = done.Wake;
        Assert.True(Do(new FollowSignal.Passed()).Look);
    }

    [Fact]
    public void What_could_not_be_seen_yet_is_looked_for_soon_and_then_less_and_less_often()
    {
        Watched();
        var pauses = new List<double>();
        for (var look = 0; look < 8; look++)
        {
            Pass(60);
            Do(new FollowSignal.Passed());
            pauses.Add((Do(new FollowSignal.Looked(Secure with { IsWhole = false })).Wake - now).TotalSeconds);
        }
        Pass(60);
        Do(new FollowSignal.Passed());
        var whole = Do(new FollowSignal.Looked(Secure));

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 20, 20], pauses);
        Assert.Equal((false, Pace.Poll), (whole.Close, whole.Wake - now));
    }

    [Fact]
    public void A_node_that_says_nothing_is_polled_slowly()
    {
        Watched();
        var looks = 0;
        var end = now + TimeSpan.FromMinutes(10);
        while (now < end)
        {
            var order = Do(new FollowSignal.Passed());
            if (order.Look)
            {
                looks++;
                order = Do(new FollowSignal.Looked(Secure));
            }
            now = order.Wake;
        }

        Assert.Equal(29, looks);
    }

    // A number is the pause in seconds before the next try; +N lets N seconds pass.
    [Theory]
    [InlineData("0.5 1 1 1")]
    [InlineData("0.5 1 +60 2 4 5 5")]
    [InlineData("0.5 1 +2000 60 60")]
    public void A_silent_node_is_tried_with_growing_pauses(string pauses)
    {
        Do(new FollowSignal.Passed());
        foreach (var pause in pauses.Split(' '))
        {
            var seconds = double.Parse(pause, System.Globalization.CultureInfo.InvariantCulture);
            if (pause[0] == '+')
            {
                Pass(seconds);
                continue;
            }
            var order = Do(new FollowSignal.Looked(Sight.Nothing), Pace with { Patience = TimeSpan.FromMinutes(30) });
            Assert.Equal(seconds, (order.Wake - now).TotalSeconds);
            now = order.Wake;
            Assert.True(Do(new FollowSignal.Passed()).Look);
        }
    }

    [Fact]
    public void A_sign_of_life_ends_the_pause_and_a_look_that_hangs()
    {
        Do(new FollowSignal.Passed());
        Pass(100);
        Do(new FollowSignal.Looked(Sight.Nothing));

        Pass(2);
        Assert.Equal((true, false), Kind(Do(new FollowSignal.Hinted())));
        Pass(0.5);
        Assert.Equal((false, false), Kind(Do(new FollowSignal.Hinted())));
        Pass(3);
        Assert.Equal((true, true), Kind(Do(new FollowSignal.Hinted())));

        static (bool Look, bool Abandon) Kind(FollowOrder order) => (order.Look, order.Abandon);
    }

    [Fact]
    public void However_many_hints_strangers_send_a_watched_node_is_looked_at_every_five_seconds_at_most()
    {
        Watched();
        var looks = 0;
        for (var hint = 0; hint < 10_000; hint++)
        {
            Pass(0.01);
            if (!Do(new FollowSignal.Hinted()).Look)
                continue;
            looks++;
            Do(new FollowSignal.Looked(Secure));
        }

        Assert.InRange(looks, 19, 21);
    }

    [Fact]
    public void A_watch_that_ends_is_begun_again_after_a_look()
    {
        Watched();
        Pass(60);

        Assert.True(Do(new FollowSignal.Lost(WatchEnd.Broken)).Look);
        Assert.Equal(Secure, Do(new FollowSignal.Looked(Secure)).Open);
    }

    [Fact]
    public void Watches_that_end_soon_are_begun_with_growing_pauses()
    {
        Watched();
        var pauses = new List<double>();
        for (var loss = 0; loss < 8; loss++)
        {
            Pass(1);
            pauses.Add(SecondsUntilOpen(new FollowSignal.Lost(WatchEnd.Broken)));
        }

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 20, 20], pauses);
    }

    [Fact]
    public void New_credentials_begin_the_next_watch_without_a_pause()
    {
        Watched();
        Pass(600);

        Assert.Equal(Secure, Do(new FollowSignal.Lost(WatchEnd.Renewed)).Open);
    }

    [Theory]
    [InlineData((int)WatchEnd.Refused, 300)]
    [InlineData((int)WatchEnd.NoRoom, 20)]
    public void Without_a_watch_the_node_is_polled_and_the_watch_is_tried_again_later(int end, int seconds)
    {
        Watched();
        Assert.Equal(seconds, SecondsUntilOpen(new FollowSignal.Lost((WatchEnd)end)));
    }

    [Fact]
    public void A_node_that_answers_elsewhere_or_not_at_all_loses_its_watch()
    {
        Watched();
        Pass(20);
        Do(new FollowSignal.Passed());
        var moved = Do(new FollowSignal.Looked(Secure with { Address = "10.0.0.2" }));
        Assert.Equal((true, "10.0.0.2"), (moved.Close, moved.Open?.Address));
        Pass(20);
        Do(new FollowSignal.Passed());

        var gone = Do(new FollowSignal.Looked(Sight.Nothing));

        Assert.Equal((true, null), (gone.Close, gone.Open));
    }

    // A look at a machine that is silent costs a connection; the rack's DHCP has to go on beside all of them.
    [Theory]
    [InlineData(20, 18, 20)]
    [InlineData(50, 45, 50)]
    [InlineData(5000, 37, 50)]
    public void A_room_of_machines_that_keep_asking_for_addresses_is_looked_at_fifty_times_a_second_at_most(int machines, int least, int most)
    {
        const int Seconds = 400;
        var pace = Pace.Among(machines);
        var rack = Enumerable.Range(0, machines).Select(_ => new FollowState(now) { LookDue = now + pace.FirstLook }).ToArray();
        var looks = 0;
        for (var second = 0; second < Seconds; second++)
        {
            Pass(1);
            for (var i = 0; i < rack.Length; i++)
            {
                (rack[i], var order) = Following.Next(rack[i], new FollowSignal.Hinted(), now, pace);
                if (!order.Look)
                    continue;
                looks++;
                (rack[i], _) = Following.Next(rack[i], new FollowSignal.Looked(Sight.Nothing), now, pace);
            }
        }

        Assert.InRange(looks / Seconds, least, most);
    }

    // Every look finds the node, until the next watch is begun.
    private double SecondsUntilOpen(FollowSignal signal)
    {
        var begin = now;
        for (var order = Do(signal); ; order = Do(new FollowSignal.Passed()))
        {
            var open = order.Open is not null;
            if (order.Look)
                order = Do(new FollowSignal.Looked(Secure));
            if (open || order.Open is not null)
                return (now - begin).TotalSeconds;
            Assert.InRange(order.Wake - now, TimeSpan.FromTicks(1), Pace.Poll);
            now = order.Wake;
        }
    }

    // Looked at, watched, and looked at again half a second later.
    private void Watched()
    {
        Do(new FollowSignal.Passed());
        Do(new FollowSignal.Looked(Secure));
        var order = Do(new FollowSignal.Opened());
        Assert.False(order.Look);
        now = order.Wake;
        Assert.Equal(Pace.Spacing, now - Start);
        Assert.True(Do(new FollowSignal.Passed()).Look);
        Assert.False(Do(new FollowSignal.Looked(Secure)).Look);
    }

    private FollowOrder Do(FollowSignal signal, FollowPace? pace = null)
    {
        (state, var order) = Following.Next(state, signal, now, pace ?? Pace);
        return order;
    }

    private void Pass(double seconds) => now += TimeSpan.FromSeconds(seconds);
}
