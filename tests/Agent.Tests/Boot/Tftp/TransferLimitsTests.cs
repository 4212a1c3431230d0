using System.Net;
using Cozy.Fleet.Agent.Boot.Tftp;

namespace Cozy.Fleet.Agent.Tests.Boot.Tftp;

/// <summary>How many transfers may run, in all and for one address.</summary>
public sealed class TransferLimitsTests
{
    private static readonly IPAddress One = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress Two = IPAddress.Parse("10.0.0.2");

    [Fact]
    public void A_client_has_its_share_and_all_have_theirs()
    {
        var limits = new TransferLimits(all: 3, perClient: 2);

        Assert.True(limits.TryTake(One));
        Assert.True(limits.TryTake(One));
        Assert.False(limits.TryTake(IPAddress.Parse("10.0.0.1")));
        Assert.True(limits.TryTake(Two));
        Assert.False(limits.TryTake(Two));
        Assert.Equal(3, limits.Running);

        limits.Return(One);
        Assert.True(limits.TryTake(Two));
        Assert.False(limits.TryTake(One));
    }

    [Fact]
    public void What_was_returned_by_any_thread_is_there_again()
    {
        var limits = new TransferLimits(all: 100, perClient: 100);

        Parallel.For(0, 10_000, i =>
        {
            var client = i % 2 == 0 ? One : Two;
            Assert.True(limits.TryTake(client));
            limits.Return(client);
        });

        Assert.Equal(0, limits.Running);
    }
}
