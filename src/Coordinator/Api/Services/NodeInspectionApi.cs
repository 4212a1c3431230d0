using System.Runtime.CompilerServices;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>What a node shows of itself on request: logs, kernel messages, services, a support archive.</summary>
internal sealed class NodeInspectionApi(IRecordStore store, NodeNames names, AgentQueries queries)
{
    private const string DefaultService = "machined";

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan FollowLimit = TimeSpan.FromHours(8);

    public IAsyncEnumerable<ByteString> LogsAsync(ReadNodeLogsRequest request, CancellationToken cancellation)
    {
        if (request.TailLines < 0)
            throw Problems.Of("tail_lines", "must not be negative");
        var service = request.Service == "" ? DefaultService : request.Service;
        var ask = new QueryAsk.ReadLogs(service, request.TailLines, request.Follow);
        return ReadAsync(request.Name, ask, request.Follow ? FollowLimit : ReadLimit, cancellation);
    }

    public IAsyncEnumerable<ByteString> DmesgAsync(ReadNodeDmesgRequest request, CancellationToken cancellation)
    {
        if (!request.Kept)
            return ReadAsync(request.Name, new QueryAsk.ReadDmesg(request.Follow), request.Follow ? FollowLimit : ReadLimit, cancellation);
        return request.Follow
            ? throw Problems.Of("follow", "what was kept is over; ask for one of the two")
            : ReadAsync(request.Name, node => new QueryAsk.ReadKernelLog(node.Macs), AnswerLimit, cancellation);
    }

    public IAsyncEnumerable<ByteString> SupportAsync(string name, CancellationToken cancellation) =>
        ReadAsync(name, new QueryAsk.CollectSupport(), ReadLimit, cancellation);

    public async Task<ListNodeServicesResponse> ServicesAsync(string name, CancellationToken cancellation)
    {
        using var answer = new MemoryStream();
        await foreach (var piece in ReadAsync(name, new QueryAsk.ListServices(), AnswerLimit, cancellation))
            piece.WriteTo(answer);
        var response = new ListNodeServicesResponse();
        foreach (var service in ServiceStates.Parser.ParseFrom(answer.ToArray()).Services)
        {
            var state = new NodeServiceState { Id = service.Id, State = service.State, Message = service.Message };
            if (service.HasHealthy)
                state.Healthy = service.Healthy;
            response.Services.Add(state);
        }
        return response;
    }

    private IAsyncEnumerable<ByteString> ReadAsync(string given, QueryAsk ask, TimeSpan limit, CancellationToken cancellation) =>
        ReadAsync(given, _ => ask, limit, cancellation);

    private async IAsyncEnumerable<ByteString> ReadAsync(
        string given, Func<NodeRecord, QueryAsk> ask, TimeSpan limit, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var name = await names.ResolveAsync(given, cancellation);
        var node = await store.ReadAsync<NodeRecord>(RecordKind.Nodes, name, cancellation) ?? throw Refusals.NotFound("node", name);
        await using var pieces = queries.AskAsync(node, ask(node), limit, cancellation).GetAsyncEnumerator(cancellation);
        while (await NextAsync(pieces, name))
            yield return UnsafeByteOperations.UnsafeWrap(pieces.Current);
    }

    // Whom the node does not let in is us, not the caller; and what it does not know, the coordinator does.
    private static async Task<bool> NextAsync(IAsyncEnumerator<byte[]> pieces, string name)
    {
        try
        {
            return await pieces.MoveNextAsync();
        }
        catch (RpcException refusal) when (refusal.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.Unimplemented)
        {
            throw new RpcException(new(StatusCode.FailedPrecondition, $"node {name}: {refusal.Status.Detail}"));
        }
    }
}
