using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>machine.ImageService: pulls into the node's store.</summary>
internal sealed class ImageApi(TalosRun run) : ImageService.ImageServiceBase
{
    public override async Task Pull(ImageServicePullRequest request,
        IServerStreamWriter<ImageServicePullResponse> responseStream, ServerCallContext context)
    {
        if (ImageReference.VersionOf(request.ImageRef) is null)
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
        var name = ImageReference.Digested(request.ImageRef);
        (run.PulledImages[request.ImageRef], run.PulledImages[name]) = (request.ImageRef, request.ImageRef);
        await responseStream.WriteAsync(new() { Name = name });
    }
}
