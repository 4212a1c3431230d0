using System.Text;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Talos;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>Configs for a running node: the modes, a dry run, a try (talos.md 5.7).</summary>
public sealed class ApplyTests
{
    [Theory]
    [InlineData("v1.7.7", "+ \t  sysctls:\n+ \t    hello: fleet\n")]
    [InlineData("v1.8.4", "--- a\n+++ b\n@@ -")]
    [InlineData("v1.14.0-rc.1", "--- a\n+++ b\n@@ -")]
    public async Task A_dry_run_is_the_nodes_verdict_verbatim_and_changes_nothing(string version, string diff)
    {
        await using var rack = new TestRack(version, 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var (before, node) = (rack.Machines[0].Disk.Config, TestRack.Operate(rack.Secure(0)));

        var same = await node.ApplyAsync(Encoding.UTF8.GetBytes(before!), new ApplyOptions { DryRun = true });
        var other = await node.ApplyAsync(Hot(rack), new ApplyOptions { DryRun = true });

        var head = "Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n"
            + (version == "v1.7.7" ? "" : "\n");
        Assert.Equal((TalosResult.Done(), ApplyMode.NoReboot, head + "No changes."), (same.Outcome, same.Mode, same.Details));
        Assert.StartsWith(head + diff, other.Details, StringComparison.Ordinal);
        Assert.Contains("    hello: fleet\n", other.Details, StringComparison.Ordinal);
        Assert.Equal(before, rack.Machines[0].Disk.Config);
        Assert.Equal(before, await ActiveAsync(rack));
    }

    [Fact]
    public async Task A_tried_config_is_active_and_goes_when_nobody_confirms_it()
    {
        await using var rack = new TestRack("v1.12.11", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var before = await ActiveAsync(rack);

        var verdict = await TestRack.Operate(rack.Secure(0)).ApplyAsync(
            Hot(rack), new ApplyOptions { Mode = ApplyMode.Try, TryTimeout = TimeSpan.FromSeconds(2) });
        await rack.UntilAsync(0, "reverted");

        Assert.Equal((ApplyMode.Try,
            "Applied configuration without a reboot\nThe config is applied in 'try' mode and will be automatically reverted back in 2s"),
            (verdict.Mode, verdict.Details));
        Assert.Equal(before, await ActiveAsync(rack));
        Assert.Equal(before, rack.Machines[0].Disk.Config);
    }

    [Fact]
    public async Task A_tried_config_stays_when_it_is_applied_for_good_in_time()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var (node, changed) = (TestRack.Operate(rack.Secure(0)), Hot(rack));

        // An hour is longer than any test: what ends it is the second apply.
        await node.ApplyAsync(changed, new ApplyOptions { Mode = ApplyMode.Try, TryTimeout = TimeSpan.FromHours(1) });
        Assert.Equal(Encoding.UTF8.GetString(changed), await ActiveAsync(rack));
        Assert.NotEqual(Encoding.UTF8.GetString(changed), rack.Machines[0].Disk.Config);
        var kept = await node.ApplyAsync(changed, new ApplyOptions { Mode = ApplyMode.NoReboot });

        Assert.Equal((TalosResult.Done(), ApplyMode.NoReboot), (kept.Outcome, kept.Mode));
        Assert.Equal(Encoding.UTF8.GetString(changed), rack.Machines[0].Disk.Config);
        await node.RebootAsync();
        await rack.UntilAsync(0, "ready", 2);
        Assert.Equal(Encoding.UTF8.GetString(changed), await ActiveAsync(rack));
        Assert.Equal(0, rack.Count(0, "reverted"));
    }

    [Fact]
    public async Task A_staged_config_waits_for_the_next_boot()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var (before, node, changed) = (await ActiveAsync(rack), TestRack.Operate(rack.Secure(0)), Hot(rack));

        var staged = await node.ApplyAsync(changed, new ApplyOptions { Mode = ApplyMode.Staged });
        Assert.Equal((ApplyMode.Staged, "Staged configuration to be applied after the next reboot"), (staged.Mode, staged.Details));
        Assert.Equal(before, await ActiveAsync(rack));
        await node.RebootAsync();
        await rack.UntilAsync(0, "ready", 2);

        Assert.Equal(Encoding.UTF8.GetString(changed), await ActiveAsync(rack));
    }

    [Theory]
    [InlineData("v1.13.9", ApplyMode.Reboot, "Applied configuration with a reboot: this config change can't be applied in immediate mode: machine.env", 2)]
    [InlineData("v1.14.0-rc.1", ApplyMode.NoReboot, "Applied configuration without a reboot", 1)]
    public async Task What_takes_a_reboot_reboots_in_auto_mode_up_to_1_13(string version, ApplyMode mode, string details, int boots)
    {
        await using var rack = new TestRack(version, 1);
        await rack.BringUpAsync(controlPlanes: 1);

        var verdict = await TestRack.Operate(rack.Secure(0)).ApplyAsync(Cold(rack), new ApplyOptions());
        await rack.UntilAsync(0, "ready", boots);

        Assert.Equal((mode, details), (verdict.Mode, verdict.Details));
        Assert.Equal(boots, rack.Count(0, "ready"));
        Assert.Equal(Encoding.UTF8.GetString(Cold(rack)), await ActiveAsync(rack));
    }

    [Theory]
    [InlineData("v1.13.9", ApplyMode.NoReboot, "InvalidArgument: this config change can't be applied in immediate mode: machine.env")]
    [InlineData("v1.13.9", ApplyMode.Try, "InvalidArgument: this config change can't be applied in immediate mode: machine.env")]
    [InlineData("v1.14.0-rc.1", ApplyMode.Reboot, "Unimplemented: the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead")]
    public async Task A_mode_that_cannot_be_is_refused_in_the_nodes_words(string version, ApplyMode mode, string words)
    {
        await using var rack = new TestRack(version, 1);
        await rack.BringUpAsync(controlPlanes: 1);

        var verdict = await TestRack.Operate(rack.Secure(0)).ApplyAsync(Cold(rack), new ApplyOptions { Mode = mode });

        Assert.Equal((TalosFailure.Permanent, words, null, ""),
            (verdict.Outcome.Failure, verdict.Outcome.Message, verdict.Mode, verdict.Details));
        Assert.Equal(1, rack.Count(0, "ready"));
    }

    [Theory]
    [InlineData("v1.12.11", null, "Dry run summary:\nNode is running in maintenance mode and does not have a config yet.", 1)]
    [InlineData("v1.13.9", ApplyMode.NoReboot, "Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\n--- a\n+++ b\n@@ -0,0 +1,", 0)]
    public async Task In_maintenance_mode_the_verdict_is_that_of_the_release(string version, ApplyMode? mode, string details, int warnings)
    {
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");
        var config = rack.Config(0, MachineType.Worker).Replace("  install:\n", "  install:\n    extensions: []\n",
            StringComparison.Ordinal);

        var verdict = await TestRack.Operate(rack.Maintenance(0)).ApplyAsync(Encoding.UTF8.GetBytes(config),
            new ApplyOptions { DryRun = true });

        Assert.Equal((TalosResult.Done(), mode, warnings), (verdict.Outcome, verdict.Mode, verdict.Warnings.Count));
        Assert.StartsWith(details, verdict.Details, StringComparison.Ordinal);
    }

    private static byte[] Hot(TestRack rack) => Changed(rack, "machine:\n  sysctls:\n    hello: fleet\n");

    private static byte[] Cold(TestRack rack) => Changed(rack, "machine:\n  env: {A: b}\n");

    private static byte[] Changed(TestRack rack, string machine) => Encoding.UTF8.GetBytes(
        rack.Config(0, MachineType.ControlPlane).Replace("machine:\n", machine, StringComparison.Ordinal));

    private static async Task<string> ActiveAsync(TestRack rack)
    {
        var answer = await new Cozy.Fleet.Talos.Api.Cosi.State.StateClient(rack.Secure(0).Invoker).GetAsync(
            new() { Namespace = "config", Type = "MachineConfigs.config.talos.dev", Id = "v1alpha1" },
                cancellationToken: TestRack.Cancellation);
        return Cozy.Fleet.Talos.Api.Config.MachineConfigSpec.Parser.ParseFrom(answer.Resource.Spec.ProtoSpec).YamlMarshalled.ToStringUtf8();
    }
}
