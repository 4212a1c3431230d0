using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;

namespace Cozy.Fleet.Cli.Tests;

public sealed class FleetPatchTests
{
    private const string File = """
        apiVersion: cozy.fleet/v1
        kind: FleetPatch
        metadata:
          name: time
        spec:
          role: ROLE_WORKER
          filter: status.rack = r1
          yaml: |
            machine:
              time: {servers: [ntp.example.org]}
              registries: {config: {r: {auth: {password: hunter2}}}}

        """;

    [Fact]
    public async Task It_is_applied_shown_compared_and_deleted_as_every_kind()
    {
        await using var cli = await Operator.StartAsync();
        var file = cli.Write("time.yaml", File);

        Assert.Equal("fleetpatch/time created\n", (await cli.RunAsync("apply", "-f", file)).Output);
        Assert.Equal("fleetpatch/time unchanged\n", (await cli.RunAsync("apply", "-f", file)).Output);
        Assert.Equal(ExitCode.Ok, (await cli.RunAsync("diff", "-f", file)).Code);
        cli.Write("time.yaml", File.Replace("ntp.example.org", "ntp.example.com", StringComparison.Ordinal));
        var diff = await cli.RunAsync("diff", "-f", file);
        Assert.Equal(ExitCode.Refused, diff.Code);
        Assert.Contains("+      time: {servers: [ntp.example.com]}", diff.Output, StringComparison.Ordinal);

        Assert.Contains("time  Worker  status.rack = r1", (await cli.RunAsync("get", "fp")).Output, StringComparison.Ordinal);
        var described = (await cli.RunAsync("describe", "fleetpatch", "time")).Output;
        Assert.Contains("servers: [ntp.example.org]", described, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", described + diff.Output, StringComparison.Ordinal);
        Assert.Equal("fleetpatch/time deleted\n", (await cli.RunAsync("delete", "fleetpatches", "time")).Output);
        Assert.Equal("", (await cli.RunAsync("get", "fleetpatches", "-o", "name")).Output);
    }

    [Fact]
    public async Task What_is_wrong_with_it_is_said_with_its_line_in_the_file()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.FleetPatches.Check = _ => ("spec.yaml", "line 2: no such key");
        var run = await cli.RunAsync("apply", "-f", cli.Write("time.yaml", File));

        Assert.Equal(ExitCode.Refused, run.Code);
        Assert.Contains("time.yaml:8:", run.Error, StringComparison.Ordinal);
        Assert.Contains("spec.yaml: line 2: no such key", run.Error, StringComparison.Ordinal);
    }
}
