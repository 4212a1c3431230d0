using System.Globalization;
using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;
using static Cozy.Fleet.Talos.Api.Machine.ApplyConfigurationRequest.Types;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>ApplyConfiguration as the versions answer it (talos.md 3.3, 5.7).</summary>
internal static class ConfigApply
{
    private static readonly TimeSpan DefaultTry = TimeSpan.FromMinutes(1);

    public static ApplyConfiguration Apply(TalosRun run, ApplyConfigurationRequest request)
    {
        var isOld = run.InMaintenance && !run.Version.IsAtLeast(1, 13);
        if (isOld && request.Mode is Mode.NoReboot or Mode.Staged)
        {
            var named = request.Mode == Mode.Staged ? "staged" : "no-reboot";
            throw new RpcException(new(StatusCode.Unimplemented, $"apply configuration --mode='{named}' is not supported in maintenance mode"));
        }
        if (run.IsRebootingForConfig)
            throw new RpcException(new(StatusCode.FailedPrecondition, "configuration was already applied and node is rebooting"));
        // Whatever is not another try keeps what was tried, even a dry run or a config that is refused.
        if (request.Mode != Mode.Try)
            run.KeepTried();
        var config = Read(run, request.Data.ToStringUtf8(), isOld);
        if (!run.InMaintenance)
            return Change(run, request, config);
        if (!request.DryRun)
            run.Configure(config);
        return isOld ? OldAnswer(request, config) : Answer(run, request, config, Maintenance(run, request.Mode), "");
    }

    // The small API carries warnings only, and says what a dry run cannot (talos.md 3.3, 5.7).
    private static ApplyConfiguration OldAnswer(ApplyConfigurationRequest request, NodeConfig config) => new()
    {
        Warnings = { config.Warnings },
        ModeDetails = request.DryRun ? "Dry run summary:\nNode is running in maintenance mode and does not have a config yet." : "",
    };

    // Nothing reboots a machine that is not installed yet: the installation does.
    private static Mode Maintenance(TalosRun run, Mode asked) =>
        asked == Mode.Auto || (asked == Mode.Reboot && run.Version.IsAtLeast(1, 13)) ? Mode.NoReboot : asked;

    private static NodeConfig Read(TalosRun run, string yaml, bool isOld)
    {
        if (NodeConfig.TryRead(yaml, SimulatedMachine.DiskNames, run.Version, out var refusal) is { } config)
            return config;
        // What cannot be decoded is a plain Go error in maintenance mode up to 1.12 (talos.md 3.3).
        throw refusal!.IsDecoding
            ? new RpcException(new(isOld ? StatusCode.Unknown : StatusCode.InvalidArgument, "failed to parse config: " + refusal.Sentence))
            : new RpcException(new(StatusCode.InvalidArgument, "configuration validation failed: " + refusal.Sentence));
    }

    // Only some fields take effect at once up to 1.13; from 1.14 nothing reboots (talos.md 5.7).
    private static ApplyConfiguration Change(TalosRun run, ApplyConfigurationRequest request, NodeConfig config)
    {
        if (request.Mode == Mode.Reboot && run.Version.IsAtLeast(1, 14))
            throw new RpcException(new(StatusCode.Unimplemented, "the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead"));
        var cold = run.Version.IsAtLeast(1, 14) ? [] : run.Config!.ColdChanges(config).ToArray();
        var why = $"this config change can't be applied in immediate mode: {string.Join(", ", cold)}";
        if (cold.Length > 0 && request.Mode is Mode.NoReboot or Mode.Try)
            throw new RpcException(new(StatusCode.InvalidArgument, why));
        var mode = request.Mode != Mode.Auto ? request.Mode : cold.Length > 0 ? Mode.Reboot : Mode.NoReboot;
        var answer = Answer(run, request, config, mode, mode == Mode.Reboot && request.Mode == Mode.Auto ? ": " + why : "");
        if (request.DryRun)
            return answer;
        if (mode == Mode.Try)
            run.Try(config, Timeout(request));
        else
            run.Reconfigure(config, mode);
        return answer;
    }

    private static ApplyConfiguration Answer(TalosRun run, ApplyConfigurationRequest request, NodeConfig config, Mode mode, string why)
    {
        var text = mode switch
        {
            Mode.Staged => "Staged configuration to be applied after the next reboot",
            Mode.Reboot => "Applied configuration with a reboot",
            _ => "Applied configuration without a reboot",
        };
        if (request.DryRun)
            return new() { Mode = mode, ModeDetails = $"Dry run summary:\n{text} (skipped in dry-run).\n{Diff(run, config)}" };
        if (mode == Mode.Try && !run.InMaintenance)
            text += $"\nThe config is applied in 'try' mode and will be automatically reverted back in {GoText(Timeout(request))}";
        return new() { Mode = mode, ModeDetails = text + why, Warnings = { config.Warnings } };
    }

    private static string Diff(TalosRun run, NodeConfig config)
    {
        var isUnified = run.Version.IsAtLeast(1, 8);
        var diff = ConfigDiff.Of(run.Config?.Yaml ?? "", config.Yaml, isUnified);
        return "Config diff:\n" + (isUnified ? "\n" : "") + (diff == "" ? "No changes." : diff);
    }

    private static TimeSpan Timeout(ApplyConfigurationRequest request) => request.TryModeTimeout?.ToTimeSpan() ?? DefaultTry;

    // As Go prints a duration.
    private static string GoText(TimeSpan time) => string.Create(CultureInfo.InvariantCulture,
        $"{(time.TotalHours >= 1 ? $"{(int)time.TotalHours}h" : "")}{(time.TotalMinutes >= 1 ? $"{time.Minutes}m" : "")}{time.TotalSeconds % 60}s");
}
