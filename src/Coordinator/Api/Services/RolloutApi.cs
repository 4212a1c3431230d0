using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Validation;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Rollouts;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Rollouts;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

internal sealed class RolloutApi(
    ResourceReader<V1.Rollout> reader, ResourceWatch<V1.Rollout> watch, RolloutNames names, Mutations mutations,
    IGrainFactory grains) : V1.RolloutService.RolloutServiceBase
{
    public override async Task<V1.GetRolloutResponse> GetRollout(V1.GetRolloutRequest request, ServerCallContext context) =>
        new() { Rollout = await reader.GetAsync(request.Name, context.CancellationToken) };

    public override async Task<V1.ListRolloutsResponse> ListRollouts(V1.ListRolloutsRequest request, ServerCallContext context)
    {
        var page = await reader.ListAsync(request.PageSize, request.PageToken, request.Filter, context.CancellationToken);
        return new() { Rollouts = { page.Items }, NextPageToken = page.NextToken };
    }

    public override async Task WatchRollouts(
        V1.WatchRolloutsRequest request, IServerStreamWriter<V1.WatchRolloutsResponse> responseStream, ServerCallContext context)
    {
        await foreach (var change in watch.WatchAsync(request.Filter, request.ResumeToken, context.CancellationToken))
        {
            await responseStream.WriteAsync(
                new() { Type = change.Type, Rollout = change.Item, ResumeToken = change.ResumeToken }, context.CancellationToken);
        }
    }

    public override async Task<V1.CreateRolloutResponse> CreateRollout(V1.CreateRolloutRequest request, ServerCallContext context)
    {
        var asked = request.Rollout ?? new();
        var ask = new Ask($"rollouts/{asked.Metadata?.Name} of clusters/{asked.Spec?.Cluster}", request.RequestId, request.ValidateOnly);
        return await mutations.RunAsync<V1.CreateRolloutResponse>(context, request, ask, async mutation =>
            new() { Rollout = await StartAsync(asked, request.ValidateOnly, mutation) });
    }

    public override async Task<V1.PauseRolloutResponse> PauseRollout(V1.PauseRolloutRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.PauseRolloutResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Rollout = await OrderAsync(request.Name, grain => grain.Pause(), mutation) });

    public override async Task<V1.ResumeRolloutResponse> ResumeRollout(V1.ResumeRolloutRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.ResumeRolloutResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Rollout = await OrderAsync(request.Name, grain => grain.Resume(), mutation) });

    public override async Task<V1.AbortRolloutResponse> AbortRollout(V1.AbortRolloutRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.AbortRolloutResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Rollout = await OrderAsync(request.Name, grain => grain.Abort(), mutation) });

    private async Task<V1.Rollout> StartAsync(V1.Rollout asked, bool validateOnly, Mutation mutation)
    {
        var problems = new Problems();
        if (asked.Metadata is { Name: not "" })
            NameRules.Check(asked.Metadata, problems);
        else
            NameRules.CheckMaps(asked.Metadata, problems);
        SpecRules.Check(asked.Spec, problems);
        problems.ThrowIfAny();

        var spec = asked.Spec.ToRecord();
        var metadata = asked.Metadata.ToRecord(mutation.Uid, mutation.Now);
        if (metadata.Name == "")
            metadata = metadata with { Name = await names.ChooseAsync(spec, mutation) };
        var answer = await grains.GetGrain<IRolloutGrain>(metadata.Name).Create(spec, metadata, validateOnly);
        if (answer.Refusal is { Kind: RefusalKind.AlreadyExists }
            && await reader.FindAsync(metadata.Name, mutation.Cancellation) is { } mine && mine.Metadata.Uid == mutation.Uid)
        {
            return mine;
        }
        var started = answer.Unwrap();
        return validateOnly ? started.ToProto("") : await reader.GetAsync(metadata.Name, mutation.Cancellation);
    }

    private async Task<V1.Rollout> OrderAsync(
        string name, Func<IRolloutGrain, Task<Answer<RolloutRecord>>> order, Mutation mutation)
    {
        await reader.GetAsync(name, mutation.Cancellation);
        (await order(grains.GetGrain<IRolloutGrain>(name))).Unwrap();
        return await reader.GetAsync(name, mutation.Cancellation);
    }

    private static Ask Ask(string name, string requestId) => new($"rollouts/{name}", requestId);
}
