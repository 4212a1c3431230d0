using System.Runtime.CompilerServices;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Queries;

/// <summary>What each query answers, with the credentials that came with it.</summary>
internal sealed class QueryAnswers(NodeDial dial, LeaseAnswers leases, KernelLogAnswers kernelLogs, PowerControl power)
{
    public IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(Query query, CancellationToken cancellation) => query.AskCase switch
    {
        Query.AskOneofCase.ReadConfig => ConfigAsync(query, cancellation),
        Query.AskOneofCase.DryRunConfig => DryRunAsync(query, cancellation),
        Query.AskOneofCase.IdentifyNode => IdentifyAsync(query, cancellation),
        Query.AskOneofCase.SnapshotEtcd => StreamAsync(query, node => node.SnapshotAsync(cancellation), cancellation),
        Query.AskOneofCase.ReadLogs => StreamAsync(query, node => Logs(node, query.ReadLogs, cancellation), cancellation),
        Query.AskOneofCase.ReadDmesg => StreamAsync(query, node => node.DmesgAsync(query.ReadDmesg.Follow, cancellation), cancellation),
        Query.AskOneofCase.ListServices => ServicesAsync(query, cancellation),
        Query.AskOneofCase.CollectSupport => SupportAsync(query, cancellation),
        Query.AskOneofCase.ReadLeases => leases.ReadAsync(query.ReadLeases),
        Query.AskOneofCase.ReadKernelLog => kernelLogs.ReadAsync(query.Node, query.ReadKernelLog),
        Query.AskOneofCase.EndLease => leases.EndAsync(query.EndLease),
        Query.AskOneofCase.ReadPower => power.ReadAsync(query, cancellation),
        _ => throw new RpcException(new(StatusCode.Unimplemented, "this agent does not know that query; update it")),
    };

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ConfigAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        yield return await new TalosReader(connection, cancellation).ConfigAsync();
    }

    // A config that the node would refuse is an answer as good as any.
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> DryRunAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        var verdict = await new TalosOperator(connection, cancellation)
            .ApplyAsync(query.DryRunConfig.Config.Memory, new ApplyOptions { DryRun = true });
        if (verdict.Outcome.Failure == TalosFailure.Transient)
            throw new RpcException(new(StatusCode.Unavailable, verdict.Outcome.Message));
        var said = verdict.Outcome.Failure == TalosFailure.None ? verdict.Details : verdict.Outcome.Message;
        yield return new NodeVerdict { ModeDetails = said, Warnings = { verdict.Warnings } }.ToByteArray();
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> IdentifyAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        NodeObserved seen;
        try
        {
            seen = await NodeProbe.IdentifyAsync(connection, query.Address, cancellation);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable)
        {
            throw new RpcException(new(StatusCode.Unavailable, await connection.ExplainAsync(cancellation)));
        }
        yield return seen.ToByteArray();
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ServicesAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        var services = await new TalosReader(connection, cancellation).ServicesAsync();
        yield return new ServiceStates { Services = { services.Select(State) } }.ToByteArray();
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> SupportAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        await foreach (var piece in new SupportArchive(connection).PackAsync(cancellation))
            yield return piece;
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> StreamAsync(
        Query query, Func<TalosStreams, IAsyncEnumerable<ReadOnlyMemory<byte>>> open, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        await foreach (var piece in open(new(connection)).WithCancellation(cancellation))
            yield return piece;
    }

    private static IAsyncEnumerable<ReadOnlyMemory<byte>> Logs(TalosStreams node, ReadLogs ask, CancellationToken cancellation) =>
        node.LogsAsync(ask.Service, ask.TailLines > 0 ? ask.TailLines : null, ask.Follow, cancellation);

    private static ServiceState State(TalosService service)
    {
        var state = new ServiceState { Id = service.Id, State = service.State, Message = service.Message };
        if (service.Healthy is { } healthy)
            state.Healthy = healthy;
        return state;
    }

    private TalosConnection Dial(Query query) => dial.To(query.Node, query.Address, query.Talos)
        ?? throw new RpcException(new(StatusCode.Unavailable, "the node has no address that this agent knows"));
}
