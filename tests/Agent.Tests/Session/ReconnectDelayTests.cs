using Cozy.Fleet.Agent.Session;

namespace Cozy.Fleet.Agent.Tests.Session;

public sealed class ReconnectDelayTests
{
    [Theory]
    [InlineData(0, 0, 100)]
    [InlineData(0, 1, 1_000)]
    [InlineData(1, 1, 2_000)]
    [InlineData(2, 1, 4_000)]
    [InlineData(3, 1, 8_000)]
    [InlineData(4, 1, 10_000)]
    [InlineData(int.MaxValue, 1, 10_000)]
    [InlineData(int.MaxValue, 0, 100)]
    [InlineData(0, 0.5, 550)]
    public void Grows_with_failures_up_to_ten_seconds(int failures, double chance, int milliseconds) =>
        Assert.Equal(milliseconds, ReconnectDelay.After(failures, chance).TotalMilliseconds, 3);
}
