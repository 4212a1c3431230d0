using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Contracts.V1;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Observe;

public sealed class NodeFollowerTests
{
    private static readonly Sight Secure = new(ApiMode.Secure, "10.0.0.1");

    private readonly FakeTimeProvider clock = new();
    private readonly System.Threading.Channels.Channel<string> done = System.Threading.Channels.Channel.CreateUnbounded<string>();
    private Action<FollowSignal>? tell;
    private TaskCompletionSource<WatchEnd> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task What_the_watch_tells_makes_a_look_and_its_end_another_watch()
    {
        using var follower = new NodeFollower(LookAsync, WatchAsync, new(), clock);
        Assert.Equal("look", await NextAsync());
        Assert.Equal("watch 10.0.0.1", await NextAsync());
        tell!(new FollowSignal.Opened());
        clock.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal("look", await NextAsync());
        Assert.True(follower.IsWatched);

        clock.Advance(TimeSpan.FromSeconds(1));
        tell(new FollowSignal.Changed());
        Assert.Equal("look", await NextAsync());

        clock.Advance(TimeSpan.FromSeconds(1));
        Interlocked.Exchange(ref ended, new()).SetResult(WatchEnd.Renewed);
        Assert.Equal("watch 10.0.0.1", await NextAsync());
        Assert.False(follower.IsWatched);
    }

    [Fact]
    public async Task Disposed_it_ends_its_watch_and_hears_nothing_more()
    {
        var follower = new NodeFollower(LookAsync, WatchAsync, new(), clock);
        await NextAsync();
        await NextAsync();

        follower.Dispose();

        Assert.Equal("end", await NextAsync());
        tell!(new FollowSignal.Changed());
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.False(done.Reader.TryRead(out _));
    }

    private async Task<string> NextAsync() => await done.Reader.ReadAsync(TestContext.Current.CancellationToken);

    private Task<Sight> LookAsync(CancellationToken cancellation)
    {
        done.Writer.TryWrite("look");
        return Task.FromResult(Secure);
    }

    private async Task<WatchEnd> WatchAsync(Sight where, Action<FollowSignal> told, CancellationToken cancellation)
    {
        tell = told;
        done.Writer.TryWrite($"watch {where.Address}");
        try
        {
            return await ended.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            done.Writer.TryWrite("end");
            return WatchEnd.Broken;
        }
    }
}
