using System.Net;
using Cozy.Fleet.Agent.Observe.Hints;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Observe.Hints;

public sealed class SenderTests
{
    private readonly FakeTimeProvider clock = new();

    [Fact]
    public void A_sender_may_replay_its_boot_and_then_goes_on_at_its_rate()
    {
        var sender = new Sender(IPAddress.Loopback, "m", clock);

        Assert.Equal(50, Enumerable.Range(0, 60).Count(_ => sender.TryTake(burst: 50, perSecond: 10)));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(20, Enumerable.Range(0, 60).Count(_ => sender.TryTake(burst: 50, perSecond: 10)));
    }

    [Fact]
    public void However_much_it_says_it_hints_once_in_an_interval()
    {
        var sender = new Sender(IPAddress.Loopback, "m", clock);

        Assert.Equal([true, false], [sender.MayHint(TimeSpan.FromSeconds(1)), sender.MayHint(TimeSpan.FromSeconds(1))]);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(sender.MayHint(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void Of_too_many_connections_the_oldest_that_is_still_open_goes()
    {
        var sender = new Sender(IPAddress.Loopback, "m", clock);
        var gone = new List<int>();
        var first = sender.Connected(() => gone.Add(1), most: 2);
        sender.Connected(() => gone.Add(2), most: 2);
        first();

        sender.Connected(() => gone.Add(3), most: 2);
        sender.Connected(() => gone.Add(4), most: 2);

        Assert.Equal([2], gone);
    }
}
