using Cozy.Fleet.Agent.Power;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Power;

public sealed class BmcTurnsTests
{
    private readonly FakeTimeProvider clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_conversation_at_a_time_for_each_bmc_and_a_few_for_the_rack()
    {
        using var turns = Turns(new() { AtOnce = 2 });
        var first = await turns.EnterAsync("a", Token);
        var second = turns.EnterAsync("a", Token);
        using var other = await turns.EnterAsync("b", Token);
        var third = turns.EnterAsync("c", Token);
        Assert.False(second.IsCompleted);
        Assert.False(third.IsCompleted);

        first.Dispose();
        first.Dispose(); // Gives back one turn, however often.
        var next = await Task.WhenAny(second, third);
        (await next).Dispose();
        await Task.WhenAll(second, third);
    }

    [Fact]
    public async Task Whoever_stops_waiting_takes_no_turn_along()
    {
        using var turns = Turns(new() { AtOnce = 1 });
        var first = await turns.EnterAsync("a", Token);
        using var patience = new CancellationTokenSource();
        var second = turns.EnterAsync("b", patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Dispose();

        using var again = await turns.EnterAsync("b", Token);
    }

    [Fact]
    public async Task A_bmc_is_asked_so_often_in_a_minute_and_no_more()
    {
        using var turns = Turns(new() { PerMinute = 2 });
        for (var i = 0; i < 2; i++)
            (await turns.EnterAsync("a", Token)).Dispose();
        var refused = await Assert.ThrowsAsync<BmcException>(() => turns.EnterAsync("a", Token));
        Assert.Equal((BmcFailure.TooOften, "the BMC a was asked 2 times within a minute; wait a little"),
            (refused.Failure, refused.Message));

        (await turns.EnterAsync("b", Token)).Dispose();
        clock.Advance(TimeSpan.FromMinutes(1));
        (await turns.EnterAsync("a", Token)).Dispose();
    }

    [Fact]
    public async Task Machines_that_are_switched_on_follow_each_other()
    {
        using var turns = Turns(new() { Stagger = TimeSpan.FromSeconds(1) });
        await turns.StaggerAsync(Token);
        var second = turns.StaggerAsync(Token);
        var third = turns.StaggerAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(1));
        await second;
        Assert.False(third.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        await third;
    }

    private BmcTurns Turns(PowerOptions options) => new(new() { Power = options }, clock);
}
