using System.Threading.Channels;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Queries;

/// <summary>Keeps the pieces of an answer until they are read. The agent sends no more of them than it was allowed.</summary>
internal sealed class QuerySink : IQuerySink
{
    private readonly Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();

    /// <summary>Ends as the answer does: with an <see cref="RpcException"/> when it was refused.</summary>
    public IAsyncEnumerable<byte[]> ReadAllAsync(CancellationToken cancellation) => pieces.Reader.ReadAllAsync(cancellation);

    public Task Receive(byte[] data)
    {
        pieces.Writer.TryWrite(data);
        return Task.CompletedTask;
    }

    public Task End(int code, string message)
    {
        pieces.Writer.TryComplete(code == 0 ? null : new RpcException(new((StatusCode)code, message)));
        return Task.CompletedTask;
    }
}
