using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class PowerTests
{
    [Fact]
    public async Task A_bmc_is_told_shown_and_forgotten_and_its_password_is_never_shown()
    {
        await using var cli = await OperatorAsync();
        var file = cli.Write("password", "sekrit\n");
        var set = await cli.RunAsync(
            "node", "bmc", "set", "n1", "--kind", "redfish", "--address", "10.0.9.1", "--user", "ops", "--password-file",
                file, "--fingerprint", "aa:bb");
        var shown = await cli.RunAsync("node", "bmc", "show", "n1");
        var described = await cli.RunAsync("describe", "node", "n1");
        var printed = await cli.RunAsync("get", "node", "n1", "-o", "yaml");
        var forgotten = await cli.RunAsync("node", "bmc", "forget", "n1");
        var none = await cli.RunAsync("node", "bmc", "show", "n1");

        Assert.Equal(new Outcome(ExitCode.Ok, "node/n1 has its BMC at 10.0.9.1\n", ""), set);
        Assert.Equal("sekrit", cli.Fleet.BmcPassword);
        Assert.Contains("10.0.9.1", shown.Output, StringComparison.Ordinal);
        Assert.Contains("aa:bb", shown.Output, StringComparison.Ordinal);
        Assert.Contains("Redfish at 10.0.9.1", described.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("sekrit", shown.Output + described.Output + printed.Output, StringComparison.Ordinal);
        Assert.Equal("node/n1 has no BMC any more\n", forgotten.Output);
        Assert.Equal(new Outcome(ExitCode.Refused, "node/n1 has no BMC that was told.\n", ""), none);
    }

    [Fact]
    public async Task What_get_prints_with_a_bmc_may_be_applied_again()
    {
        await using var cli = await OperatorAsync();
        cli.Input = "sekrit";
        await cli.RunAsync("node", "bmc", "set", "n1", "--kind", "ipmi", "--address", "10.0.9.1", "--user", "ops",
            "--password-file", "-", "--cipher-suite", "17");
        var printed = await cli.RunAsync("get", "node", "n1", "-o", "yaml");
        var again = await cli.RunAsync("diff", "-f", cli.Write("node.yaml", printed.Output));

        Assert.Equal("sekrit", cli.Fleet.BmcPassword);
        Assert.Equal((ExitCode.Ok, ""), (again.Code, again.Error));
    }

    [Theory]
    [InlineData("off", "Off Unspecified True")]
    [InlineData("cycle", "Cycle Network True")]
    public async Task Switching_is_an_operation_that_is_waited_for(string action, string asked)
    {
        await using var cli = await OperatorAsync();
        string[] next = action == "cycle" ? ["--next-boot", "network"] : [];
        var run = await cli.RunAsync(["node", "power", "n1", action, "--force", .. next]);

        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.StartsWith($"operations/o1: power {asked} of n1 begins\n", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("Succeeded: told so\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_is_what_the_bmc_says_now()
    {
        await using var cli = await OperatorAsync();
        cli.Fleet.Power = new()
        {
            State = PowerState.On, NextBoot = NextBoot.Network, NextBootDetail = "UefiHttp",
            Machine = "Acme R1 S-77"
        };
        var run = await cli.RunAsync("node", "power", "n1", "status");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal(["Power:", "On", "Next", "boot:", "Network", "(UefiHttp)", "Machine:", "Acme", "R1", "S-77"],
            run.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<Operator> OperatorAsync()
    {
        var cli = await Operator.StartAsync();
        cli.Fleet.Nodes.Put(new() { Metadata = new() { Name = "n1" }, Spec = new(), Status = new() });
        return cli;
    }
}
