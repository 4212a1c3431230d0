using Cozy.Fleet.Agent.Observe;

namespace Cozy.Fleet.Agent.Tests.Observe.Hints;

public sealed class HintedLookTests
{
    private static readonly FollowPace Pace = new();

    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private FollowState state;

    public HintedLookTests() => state = new(now);

    [Fact]
    public void A_machine_that_did_not_answer_yet_and_says_something_is_looked_at_before_its_next_try()
    {
        Do(new FollowSignal.Passed());
        Do(new FollowSignal.Looked(Sight.Nothing));
        now += Pace.FirstRetry;
        Do(new FollowSignal.Passed());
        var failed = Do(new FollowSignal.Looked(Sight.Nothing));
        Assert.Equal((false, Pace.AlertRetry), (failed.Look, failed.Wake - now));

        now += Pace.FirstRetry;

        Assert.True(Do(new FollowSignal.Hinted()).Look);
    }

    private FollowOrder Do(FollowSignal signal)
    {
        (state, var order) = Following.Next(state, signal, now, Pace);
        return order;
    }
}
