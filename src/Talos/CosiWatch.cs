using System.Runtime.CompilerServices;
using Cozy.Fleet.Talos.Api.Cosi;
using Grpc.Core;

namespace Cozy.Fleet.Talos;

/// <summary>What a watch tells.</summary>
internal abstract record CosiEvent
{
    private CosiEvent()
    {
    }

    /// <summary>The watch stands: nothing that happens from here on is missed.</summary>
    internal sealed record Established : CosiEvent;

    /// <summary>The resource is new, or was there before the watch began.</summary>
    internal sealed record Created(CosiResource Resource) : CosiEvent;

    internal sealed record Updated(CosiResource Resource) : CosiEvent;

    /// <summary>The resource is gone; this is what it was.</summary>
    internal sealed record Destroyed(CosiResource Resource) : CosiEvent;

    /// <summary>Everything that was there before has been told.</summary>
    internal sealed record Bootstrapped : CosiEvent;
}

/// <summary>
/// Watches all resources of one type (talos.md 2.1): those present first, then each change, for as long as the connection lives. A watch
/// ends often, with the node's reboot at the latest; whoever needs more starts another one, which tells everything from the beginning.
/// </summary>
internal sealed class CosiWatch(CallInvoker invoker, string @namespace, string type)
{
    // With 0 the node would neither tell the end of what is there nor why a watch ends.
    private const int ApiVersion = 1;

    private readonly State.StateClient client = new(invoker);

    /// <exception cref="RpcException">
    /// PermissionDenied: the node's release does not know the type (talos.md 0, trap 13), or it is for other roles. Aborted: the node ended
    /// the watch, in its words. All else is the connection.
    /// </exception>
    public async IAsyncEnumerable<CosiEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = new WatchRequest
        {
            Namespace = @namespace, Type = type, ApiVersion = ApiVersion, Options = new() { BootstrapContents = true },
        };
        using var call = client.Watch(request, cancellationToken: cancellation);
        var established = false;
        await foreach (var answer in call.ResponseStream.ReadAllAsync(cancellation))
        {
            if (!established)
                yield return new CosiEvent.Established();
            established = true;
            foreach (var told in answer.Event)
            {
                if (Read(told) is { } read)
                    yield return read;
            }
        }
    }

    private CosiEvent? Read(Event told) => told.EventType switch
    {
        EventType.Created => new CosiEvent.Created(CosiResource.From(told.Resource)),
        EventType.Updated => new CosiEvent.Updated(CosiResource.From(told.Resource)),
        EventType.Destroyed => new CosiEvent.Destroyed(CosiResource.From(told.Resource)),
        EventType.Bootstrapped => new CosiEvent.Bootstrapped(),
        EventType.Errored => throw new RpcException(new(StatusCode.Aborted, $"the watch of {type} ended: {told.Error}")),
        _ => null, // NOOP, or what newer nodes may say.
    };
}
