using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;

namespace Cozy.Fleet.Talos;

/// <summary>One thing that a watched node told.</summary>
/// <param name="Subject">What changed: a resource as <c>type/id</c>, or an event's message; empty when the watch began.</param>
/// <param name="Text">An event's words.</param>
/// <param name="IsFailure">Something went wrong on the node.</param>
public sealed record TalosChange(string Subject, string Text = "", bool IsFailure = false)
{
    /// <summary>The watch stands: nothing that happens from here on is missed.</summary>
    public bool IsBegin => Subject == "";
}

/// <summary>
/// Watches what a look at a node depends on: resources by COSI watch, and machine events where the node has the call (talos.md 2.1, 1.3).
/// All of it goes over one connection. A type that the node's release or our role lacks is left out.
/// </summary>
public sealed class TalosWatch(TalosConnection connection)
{
    // Everything that TalosReader's view and the Node object are made of and that changes within a boot.
    private static readonly (string Namespace, string Type)[] Kinds =
    [
        ("runtime", "MachineStatuses.runtime.talos.dev"),
        ("runtime", "MetaKeys.runtime.talos.dev"),
        ("runtime", "SystemDisks.block.talos.dev"),
        ("runtime", "Disks.block.talos.dev"),
        ("network", "LinkStatuses.net.talos.dev"),
        ("k8s", "NodeStatuses.kubernetes.talos.dev"),
        ("etcd", "EtcdMembers.etcd.talos.dev"),
    ];

    // A reader that is slower than the node makes the node's buffers wait, not ours.
    private const int Queue = 64;

    /// <summary>Reads until something ends it; that is no error but the life of a watch: take a new connection then.</summary>
    /// <exception cref="RpcException">
    /// PermissionDenied or Unimplemented: nothing at all can be watched here. All else is the connection's end.
    /// </exception>
    public async IAsyncEnumerable<TalosChange> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var told = Channel.CreateBounded<TalosChange>(Queue);
        var reading = ReadAllAsync(told.Writer, ending.Token);
        try
        {
            await foreach (var change in told.Reader.ReadAllAsync(cancellation))
                yield return change;
        }
        finally
        {
            await ending.CancelAsync();
            await reading;
        }
    }

    // The end of one is the end of all: they share the connection, and a new one tells everything from the beginning.
    private async Task ReadAllAsync(ChannelWriter<TalosChange> told, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var stands = new Standing(Kinds.Length + 1, told);
        List<Task> streams =
        [
            .. Kinds.Select(kind => StreamAsync(stands, begin => ReadKindAsync(kind, told, begin, ending.Token))),
            StreamAsync(stands, begin => ReadEventsAsync(told, begin, ending.Token)),
        ];
        var failure = await FirstEndAsync(streams, stands);
        await ending.CancelAsync();
        await Task.WhenAll(streams).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // They end because the first one did.
        told.TryComplete(failure);
    }

    // One that is refused leaves the others alone; they end with whatever else happens.
    private static async Task<Exception?> FirstEndAsync(List<Task> streams, Standing stands)
    {
        var running = streams.ToList();
        while (running.Count > 0)
        {
            var ended = await Task.WhenAny(running);
            running.Remove(ended);
            if (ended is Task<bool> { IsCompletedSuccessfully: true } refused && await refused)
                continue;
            return ended.Exception?.InnerException;
        }
        return stands.Refusal;
    }

    // True when the node refused it: it does not have this, or not for us.
    private static async Task<bool> StreamAsync(Standing stands, Func<Func<ValueTask>, Task> read)
    {
        var begun = false;
        try
        {
            await read(BeginAsync);
            return false;
        }
        catch (RpcException refusal) when (!begun && refusal.StatusCode is StatusCode.PermissionDenied or StatusCode.Unimplemented)
        {
            await stands.RefusedAsync(refusal);
            return true;
        }

        ValueTask BeginAsync()
        {
            begun = true;
            return stands.BegunAsync();
        }
    }

    private async Task ReadKindAsync(
        (string Namespace, string Type) kind, ChannelWriter<TalosChange> told, Func<ValueTask> begin, CancellationToken cancellation)
    {
        // An update that leaves the content as it was is none.
        var specs = new Dictionary<string, CosiResource>();
        await foreach (var change in new CosiWatch(connection.Invoker, kind.Namespace, kind.Type).ReadAsync(cancellation))
        {
            if (change is CosiEvent.Established)
                await begin();
            else if (Changes(specs, change) is { } id)
                await told.WriteAsync(new($"{kind.Type}/{id}"), cancellation);
        }
    }

    private static string? Changes(Dictionary<string, CosiResource> specs, CosiEvent change)
    {
        switch (change)
        {
            case CosiEvent.Destroyed destroyed:
                specs.Remove(destroyed.Resource.Id);
                return destroyed.Resource.Id;
            case CosiEvent.Created or CosiEvent.Updated:
                var now = (change as CosiEvent.Created)?.Resource ?? ((CosiEvent.Updated)change).Resource;
                var same = specs.TryGetValue(now.Id, out var before) && before.Spec.Equals(now.Spec);
                specs[now.Id] = now;
                return same ? null : now.Id;
            default:
                return null;
        }
    }

    // From now on: what was before is in the resources. The first message only proves that the subscription lives.
    private async Task ReadEventsAsync(ChannelWriter<TalosChange> told, Func<ValueTask> begin, CancellationToken cancellation)
    {
        using var call = new MachineService.MachineServiceClient(connection.Invoker).Events(new(), cancellationToken: cancellation);
        var begun = false;
        await foreach (var answer in call.ResponseStream.ReadAllAsync(cancellation))
        {
            if (!begun)
                await begin();
            begun = true;
            if (TalosEvent.From(answer.Data) is { MayChangeState: true } news)
                await told.WriteAsync(new(news.Message, news.Text, news.IsFailure), cancellation);
        }
    }

    /// <summary>Counts the streams until each has begun or was refused; then the watch stands.</summary>
    private sealed class Standing(int streams, ChannelWriter<TalosChange> told)
    {
        private int left = streams;
        private int begun;

        public RpcException? Refusal { get; private set; }

        public ValueTask BegunAsync()
        {
            Interlocked.Increment(ref begun);
            return CountAsync();
        }

        public ValueTask RefusedAsync(RpcException refusal)
        {
            Refusal = refusal;
            return CountAsync();
        }

        private ValueTask CountAsync() =>
            Interlocked.Decrement(ref left) == 0 && begun > 0 ? told.WriteAsync(new("")) : ValueTask.CompletedTask;
    }
}
