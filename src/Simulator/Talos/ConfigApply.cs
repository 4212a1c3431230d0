using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;
using static Cozy.Fleet.Talos.Api.Machine.ApplyConfigurationRequest.Types;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>ApplyConfiguration as the versions answer it (talos.md 3.3, 5.7).</summary>
internal static class ConfigApply
{
    public static ApplyConfiguration Apply(TalosRun run, ApplyConfigurationRequest request)
    {
        var isOld = run.InMaintenance && !run.Version.IsAtLeast(1, 13);
        if (isOld && request.Mode is Mode.NoReboot or Mode.Staged)
            throw new RpcException(new(StatusCode.Unimplemented, $"apply configuration --mode='{request.Mode}' is not supported in maintenance mode"));
        var config = Read(run, request.Data.ToStringUtf8(), isOld);
        if (!run.InMaintenance)
            return Change(run, request, config);
        if (!request.DryRun)
            run.Configure(config);
        if (isOld)
            return new(); // The small API carries warnings only (talos.md 3.3).
        // 1.14 knows no rebooting apply any more (talos.md 5.7).
        var mode = run.Version.IsAtLeast(1, 14) && request.Mode is Mode.Reboot or Mode.Auto ? Mode.NoReboot : request.Mode;
        return new() { Mode = mode, ModeDetails = Details("Applied configuration without a reboot", request.DryRun) };
    }

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
            throw new RpcException(new(StatusCode.Unimplemented, "mode REBOOT is not supported"));
        var cold = run.Version.IsAtLeast(1, 14) ? [] : run.Config!.ColdChanges(config).ToArray();
        if (cold.Length > 0 && request.Mode is Mode.NoReboot or Mode.Try)
            throw new RpcException(new(StatusCode.InvalidArgument, $"this config change can't be applied in immediate mode: {string.Join(", ", cold)}"));
        var reboots = request.Mode == Mode.Reboot || (request.Mode == Mode.Auto && cold.Length > 0);
        if (!request.DryRun)
            run.Reconfigure(config, reboots, atOnce: request.Mode != Mode.Staged);
        return new()
        {
            Mode = request.Mode != Mode.Auto ? request.Mode : reboots ? Mode.Reboot : Mode.NoReboot,
            ModeDetails = Details(
                request.Mode == Mode.Staged ? "Staged configuration to be applied after the next reboot"
                : reboots ? "Applied configuration with a reboot" : "Applied configuration without a reboot", request.DryRun),
        };
    }

    private static string Details(string text, bool dryRun) => dryRun ? $"Dry run summary:\n{text} (skipped in dry-run)." : text;
}
