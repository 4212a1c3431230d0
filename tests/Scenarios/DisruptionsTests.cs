using Cozy.Fleet.Demo;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Scenarios;

/// <summary>The demo's own measure must be able to say no.</summary>
public sealed class DisruptionsTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("m1 down, m1 ready, m2 down, m2 ready", 1)]
    [InlineData("m1 down, m1 netboot, m2 down, m1 ready, m2 ready", 2)]
    [InlineData("m1 down, m2 down, m3 down", 3)]
    [InlineData("m1 down, m1 down, m1 ready", 1)]
    [InlineData("m1 ready, m2 down", 1)]
    public void Counts_the_machines_that_are_down_at_once(string history, int most) =>
        Assert.Equal(most, Disruptions.MostAtOnce(Events(history)));

    [Fact]
    public void Counts_the_installers_of_one_machine()
    {
        var history = Events("m1 installer, m2 installer, m1 upgrade, m1 installer").ToList();

        Assert.Equal(2, Disruptions.Upgrades(history, "m1"));
        Assert.Equal(1, Disruptions.Upgrades(history, "m2"));
        Assert.Equal(0, Disruptions.Upgrades(history, "m3"));
    }

    private static IEnumerable<MachineEvent> Events(string history) =>
        from entry in history.Split(", ", StringSplitOptions.RemoveEmptyEntries)
        let words = entry.Split(' ')
        select new MachineEvent(DateTimeOffset.UnixEpoch, words[0], words[1]);
}
