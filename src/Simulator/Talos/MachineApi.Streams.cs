using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Talos.Api.Common;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>What is streamed as bytes.</content>
internal sealed partial class MachineApi
{
    private const int ChunkBytes = 32 << 10;

    public override async Task Kubeconfig(Empty request, IServerStreamWriter<Data> responseStream, ServerCallContext context)
    {
        if (run.Config is not { IsControlPlane: true } config)
            throw new RpcException(new(StatusCode.Unimplemented, "kubeconfig is only available on control plane nodes"));
        var bytes = KubeconfigArchive.Make(config, run.Pace.Clock.GetUtcNow());
        await responseStream.WriteAsync(new() { Bytes = ByteString.CopyFrom(bytes) });
    }

    // The database and behind it the SHA-256 of it (talos.md 1.3).
    public override async Task EtcdSnapshot(EtcdSnapshotRequest request, IServerStreamWriter<Data> responseStream, ServerCallContext context)
    {
        var database = run.OnMember((_, member) =>
        {
            var pages = new byte[member.DbSizeInUse];
            new Random((int)member.Id).NextBytes(pages);
            return pages;
        });
        byte[] snapshot = [.. database, .. SHA256.HashData(database)];
        foreach (var chunk in snapshot.Chunk(ChunkBytes))
            await responseStream.WriteAsync(new() { Bytes = ByteString.CopyFrom(chunk) }, context.CancellationToken);
    }

    public override Task Logs(LogsRequest request, IServerStreamWriter<Data> responseStream, ServerCallContext context)
    {
        if (request.Namespace != "system" && request.Id != "kubelet")
            throw new RpcException(new(StatusCode.Unknown, $"container \"{request.Id}\" not found"));
        if (!Services().Any(service => service.Id == request.Id))
            throw new RpcException(new(StatusCode.Unknown, $"log \"{request.Id}\" was not registered"));
        return StreamAsync(token => NodeLogs.ServiceAsync(run, request.Id, request.TailLines, request.Follow, token), responseStream, context);
    }

    public override Task Dmesg(DmesgRequest request, IServerStreamWriter<Data> responseStream, ServerCallContext context) =>
        StreamAsync(token => NodeLogs.KernelAsync(run, request.Follow, request.Tail, token), responseStream, context);

    private async Task StreamAsync(
        Func<CancellationToken, IAsyncEnumerable<string>> lines, IServerStreamWriter<Data> responseStream, ServerCallContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, run.Ended);
        await foreach (var line in lines(either.Token))
            await responseStream.WriteAsync(new() { Bytes = ByteString.CopyFrom(line, Encoding.UTF8) }, either.Token);
    }
}
