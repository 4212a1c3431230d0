using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>machine.LifecycleService of Talos 1.13 and newer: installs, and does not reboot (talos.md 1.4).</summary>
internal sealed class LifecycleApi(TalosRun run) : LifecycleService.LifecycleServiceBase
{
    public override async Task Upgrade(LifecycleServiceUpgradeRequest request,
        IServerStreamWriter<LifecycleServiceUpgradeResponse> responseStream, ServerCallContext context)
    {
        // In the order of a real node's checks (rollouts.md 2.2).
        if (!run.Installer.TryBegin())
            throw new RpcException(new(StatusCode.FailedPrecondition, "another install or upgrade is in progress"));
        try
        {
            if (!run.Disk.IsInstalled)
                throw new RpcException(new(StatusCode.FailedPrecondition, "Talos is not installed"));
            if (request.Source?.ImageName is not { Length: > 0 } image)
                throw new RpcException(new(StatusCode.InvalidArgument, "image name is required"));
            if (!run.PulledImages.TryGetValue(image, out var reference))
                throw new RpcException(new(StatusCode.Internal, $"image \"{image}\" is not in the store"));
            await responseStream.WriteAsync(Progress(new() { Message = $"installing {image}" }));
            // The installer goes on when the client leaves; only its exit code is lost (rollouts.md 2.2).
            var (exitCode, line) = await run.Installer.RunAsync(reference, run.Ended);
            await responseStream.WriteAsync(Progress(new() { Message = line }));
            await responseStream.WriteAsync(Progress(new() { ExitCode = exitCode }));
        }
        finally
        {
            run.Installer.End();
        }
    }

    private static LifecycleServiceUpgradeResponse Progress(LifecycleServiceInstallProgress progress) => new() { Progress = progress };
}
