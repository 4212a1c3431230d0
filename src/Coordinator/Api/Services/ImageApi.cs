using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Writing;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

internal sealed class ImageApi(
    ResourceReader<V1.Image> reader, ResourceWatch<V1.Image> watch, ResourceWriter<V1.Image> writer, Mutations mutations)
    : V1.ImageService.ImageServiceBase
{
    public override async Task<V1.GetImageResponse> GetImage(V1.GetImageRequest request, ServerCallContext context) =>
        new() { Image = await reader.GetAsync(request.Name, context.CancellationToken) };

    public override async Task<V1.ListImagesResponse> ListImages(V1.ListImagesRequest request, ServerCallContext context)
    {
        var page = await reader.ListAsync(request.PageSize, request.PageToken, request.Filter, context.CancellationToken);
        return new() { Images = { page.Items }, NextPageToken = page.NextToken };
    }

    public override async Task WatchImages(
        V1.WatchImagesRequest request, IServerStreamWriter<V1.WatchImagesResponse> responseStream, ServerCallContext context)
    {
        await foreach (var change in watch.WatchAsync(request.Filter, request.ResumeToken, context.CancellationToken))
        {
            await responseStream.WriteAsync(
                new() { Type = change.Type, Image = change.Item, ResumeToken = change.ResumeToken }, context.CancellationToken);
        }
    }

    public override async Task<V1.CreateImageResponse> CreateImage(V1.CreateImageRequest request, ServerCallContext context)
    {
        var ask = new Ask($"images/{request.Image?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        return await mutations.RunAsync<V1.CreateImageResponse>(context, request, ask, async mutation =>
            new() { Image = await writer.CreateAsync(request.Image, request.ValidateOnly, mutation) });
    }

    public override async Task<V1.UpdateImageResponse> UpdateImage(V1.UpdateImageRequest request, ServerCallContext context)
    {
        var ask = new Ask($"images/{request.Image?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        var how = (request.ValidateOnly, request.AllowMissing);
        return await mutations.RunAsync<V1.UpdateImageResponse>(context, request, ask, async mutation =>
            new() { Image = await writer.UpdateAsync(request.Image, request.UpdateMask, how, mutation) });
    }

    public override async Task<V1.DeleteImageResponse> DeleteImage(V1.DeleteImageRequest request, ServerCallContext context)
    {
        var ask = new Ask($"images/{request.Name}", request.RequestId);
        return await mutations.RunAsync<V1.DeleteImageResponse>(context, request, ask, async mutation =>
        {
            await writer.DeleteAsync(request.Name, request.Etag, mutation);
            return new();
        });
    }
}
