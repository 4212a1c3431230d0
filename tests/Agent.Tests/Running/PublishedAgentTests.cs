using System.Runtime.CompilerServices;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Simulator.Firmware;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>The one native file that people install: what is read by reflection may be missing in it, and only a run tells.</summary>
public sealed class PublishedAgentTests
{
    private const long Megabyte = 1 << 20;

    [Fact]
    public async Task The_published_file_enrols_takes_the_desired_state_boots_a_machine_and_tells_of_it()
    {
        await using var coordinator = new CoordinatorDouble();
        await coordinator.StartAsync();
        using var rack = new LoopbackAgent().Write(coordinator);
        await using var agent = await rack.StartAsync(Published());

        await (await coordinator.SessionAsync()).SendAsync(new() { DesiredState = new() { Revision = 3, UnknownAction = BootAction.Disk } });
        await agent.LineAsync("desired state 3");
        Assert.IsType<BootSource.Disk>(await rack.BootAsync(agent, "52:54:00:00:00:01"));

        var stages = new List<BootStage>();
        while (stages.Count < 3)
            stages.Add((await coordinator.ReportAsync()).BootProgress.Stage);
        Assert.Equal([BootStage.DhcpOffered, BootStage.LoaderFetched, BootStage.Disk], stages);
        Assert.InRange(agent.ResidentBytes, Megabyte, 50 * Megabyte); // design.md 6
        var code = await agent.TerminateAsync();
        Assert.True(code == 0, $"it ended with {code}:\n{agent.Output}");
    }

    private static string Published([CallerFilePath] string here = "")
    {
        var file = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../.run/native/cozy-fleet-agent"));
        Assert.SkipUnless(File.Exists(file), "There is no published agent; `./fleet publish` makes it.");
        return file;
    }
}
