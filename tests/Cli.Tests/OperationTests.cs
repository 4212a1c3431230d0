using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class OperationTests
{
    [Theory]
    [InlineData(OperationState.Succeeded, ExitCode.Ok)]
    [InlineData(OperationState.OutcomeUnknown, ExitCode.Refused)]
    public async Task A_reboot_is_waited_for_and_its_end_is_the_exit_code(OperationState end, int code)
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.OperationEnd = end;

        var run = await cli.RunAsync("node", "reboot", "n1", "--mode", "force", "--override-gates", "it hangs");

        Assert.Equal((code, ""), (run.Code, run.Error));
        Assert.Equal(
            $"""
            operations/o1: reboot Force it hangs of n1 begins
            2026-03-01T12:00:00Z waits for n1 goes down; seen: it still answers
            {end}: told so

            """,
            run.Output);
    }

    [Fact]
    public async Task A_dead_member_is_released_and_that_is_waited_for()
    {
        await using var cli = await Operator.StartAsync();

        var run = await cli.RunAsync("node", "release", "w-1");

        Assert.StartsWith("operations/o1: release of w-1 begins\n", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("Succeeded: told so\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reset_is_graceful_unless_told_otherwise_and_need_not_be_waited_for()
    {
        await using var cli = await Operator.StartAsync();

        var run = await cli.RunAsync("node", "reset", "n1", "--partition", "STATE", "--user-disk", "/dev/sdb", "--no-wait");

        Assert.Equal(new Outcome(ExitCode.Ok, "operations/o1: reset True False [ \"STATE\" ] [ \"/dev/sdb\" ] of n1 begins\n", ""), run);
    }

    [Theory]
    [InlineData("apply-config Unspecified trial", "")]
    [InlineData("apply-config Reboot trial 90 it burns", "--reboot", "--trial-timeout", "90s", "--override-gates", "it burns")]
    [InlineData("apply-config Staged untried", "--staged", "--without-trial")]
    public async Task A_config_is_applied_as_it_was_asked_for(string begun, params string[] how)
    {
        await using var cli = await Operator.StartAsync();

        var run = await cli.RunAsync(["node", "apply-config", "n1", .. how.Where(word => word != ""), "--no-wait"]);

        Assert.Equal(new Outcome(ExitCode.Ok, $"operations/o1: {begun} of n1 begins\n", ""), run);
    }

    [Fact]
    public async Task Rebooting_and_staging_a_config_rule_each_other_out()
    {
        await using var cli = await Operator.StartAsync();

        var run = await cli.RunAsync("node", "apply-config", "n1", "--reboot", "--staged");

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.StartsWith("--reboot and --staged rule each other out: ", run.Error, StringComparison.Ordinal);
    }
}
