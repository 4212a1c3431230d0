using System.Runtime.CompilerServices;
using Cozy.Fleet.Talos.Api.Common;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Talos;

/// <summary>
/// What a node streams as bytes (talos.md 1.3). Pieces are as the node cuts them, with no meaning of their own. A refusal comes out as
/// an <see cref="RpcException"/> that says why.
/// </summary>
public sealed class TalosStreams(TalosConnection connection)
{
    private const string SystemNamespace = "system";

    private readonly MachineService.MachineServiceClient machine = new(connection.Invoker);

    /// <summary>etcd's database as this member has it; its last 32 bytes are the SHA-256 of the others. It holds the cluster's secrets.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> SnapshotAsync(CancellationToken cancellation) =>
        ReadAsync(TalosCall.Snapshot, machine.EtcdSnapshot(new(), cancellationToken: cancellation), cancellation);

    /// <summary>The log of one service.</summary>
    /// <param name="tailLines">Only so many from the end; null is all.</param>
    /// <param name="follow">Goes on until it is cancelled or the node goes down.</param>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> LogsAsync(string service, int? tailLines, bool follow, CancellationToken cancellation) =>
        ReadAsync(TalosCall.Logs, machine.Logs(
            new() { Namespace = SystemNamespace, Id = service, TailLines = tailLines ?? -1, Follow = follow }, cancellationToken: cancellation), cancellation);

    /// <summary>The kernel's messages.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> DmesgAsync(bool follow, CancellationToken cancellation) =>
        ReadAsync(TalosCall.Dmesg, machine.Dmesg(new() { Follow = follow }, cancellationToken: cancellation), cancellation);

    /// <summary>A kubeconfig for an administrator, new with each call.</summary>
    /// <exception cref="InvalidDataException">The node sent something else.</exception>
    public async Task<byte[]> KubeconfigAsync(CancellationToken cancellation)
    {
        using var packed = new MemoryStream();
        await foreach (var piece in ReadAsync(TalosCall.Kubeconfig, machine.Kubeconfig(new Empty(), cancellationToken: cancellation), cancellation))
            packed.Write(piece.Span);
        return KubeconfigEntry.Unpack(packed.ToArray());
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        TalosCall what, AsyncServerStreamingCall<Data> call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using (call)
        {
            while (await NextAsync(what, call, cancellation))
                yield return call.ResponseStream.Current.Bytes.Memory;
        }
    }

    private async Task<bool> NextAsync(TalosCall what, AsyncServerStreamingCall<Data> call, CancellationToken cancellation)
    {
        try
        {
            return await call.ResponseStream.MoveNext(cancellation);
        }
        catch (RpcException refusal)
        {
            throw what.Explained(refusal, connection.Roles);
        }
    }
}
