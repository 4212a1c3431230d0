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
        if (!run.TryBeginInstall())
            throw new RpcException(new(StatusCode.FailedPrecondition, "another install or upgrade is in progress"));
        try
        {
            if (!run.Disk.IsInstalled)
                throw new RpcException(new(StatusCode.FailedPrecondition, "Talos is not installed"));
            if (request.Source?.ImageName is not { Length: > 0 } image)
                throw new RpcException(new(StatusCode.InvalidArgument, "image name is required"));
            if (!run.PulledImages.Contains(image))
                throw new RpcException(new(StatusCode.Internal, $"image \"{image}\" is not in the store"));
            await responseStream.WriteAsync(Progress(new() { Message = $"installing {image}" }));
            // The installer goes on when the client leaves; only its exit code is lost (rollouts.md 2.2).
            var (exitCode, line) = await run.RunInstallerAsync(image, run.Ended);
            await responseStream.WriteAsync(Progress(new() { Message = line }));
            await responseStream.WriteAsync(Progress(new() { ExitCode = exitCode }));
        }
        finally
        {
            run.EndInstall();
        }
    }

    private static LifecycleServiceUpgradeResponse Progress(LifecycleServiceInstallProgress progress) => new() { Progress = progress };
}

/// <summary>machine.ImageService: pulls into the node's store.</summary>
internal sealed class ImageApi(TalosRun run) : ImageService.ImageServiceBase
{
    public override async Task Pull(ImageServicePullRequest request,
        IServerStreamWriter<ImageServicePullResponse> responseStream, ServerCallContext context)
    {
        if (TalosRun.ImageVersion(request.ImageRef) is null)
            throw new RpcException(new(StatusCode.NotFound, $"failed to resolve image \"{request.ImageRef}\""));
        const long Size = 80 << 20;
        for (var part = 1; part <= 4; part++)
        {
            await run.Pace.WaitAsync(2, context.CancellationToken);
            await responseStream.WriteAsync(new()
            {
                PullProgress = new()
                {
                    LayerId = "layer-1",
                    Progress = new() { Status = ImageServicePullLayerProgress.Types.Status.Downloading, Offset = Size * part / 4, Total = Size },
                },
            });
        }
        run.PulledImages.Add(request.ImageRef);
        await responseStream.WriteAsync(new() { Name = request.ImageRef });
    }
}
