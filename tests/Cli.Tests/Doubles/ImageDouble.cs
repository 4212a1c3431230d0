using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The images of the fleet double.</summary>
internal sealed class ImageDouble(FleetDouble fleet) : ImageService.ImageServiceBase
{
    public override Task<GetImageResponse> GetImage(GetImageRequest request, ServerCallContext context) =>
        Task.FromResult(new GetImageResponse { Image = fleet.Images.Get(request.Name) });

    public override Task<ListImagesResponse> ListImages(ListImagesRequest request, ServerCallContext context)
    {
        var (page, next) = fleet.Images.List(request.Filter, request.PageToken);
        return Task.FromResult(new ListImagesResponse { Images = { page }, NextPageToken = next });
    }

    public override Task WatchImages(
        WatchImagesRequest request, IServerStreamWriter<WatchImagesResponse> responseStream, ServerCallContext context) =>
        fleet.Images.WatchAsync(
            request.Filter,
            request.ResumeToken,
            (type, image, token) => responseStream.WriteAsync(new() { Type = type, Image = image, ResumeToken = token }),
            context.CancellationToken);

    public override Task<UpdateImageResponse> UpdateImage(UpdateImageRequest request, ServerCallContext context) =>
        Task.FromResult(new UpdateImageResponse
        {
            Image = fleet.Images.Write(request.Image, request.RequestId, request.ValidateOnly, request.AllowMissing),
        });

    public override Task<DeleteImageResponse> DeleteImage(DeleteImageRequest request, ServerCallContext context)
    {
        fleet.Images.Delete(request.Name);
        return Task.FromResult(new DeleteImageResponse());
    }
}
