using Cozy.Fleet.Talos.Api.Cosi;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>
/// One watch of cosi.resource.State (talos.md 2.1): an empty response first, then what is there if it is wanted, then every difference
/// between one state and the next.
/// </summary>
/// <param name="now">All resources of the type by id.</param>
/// <param name="nextChange">Completes with the next change of anything.</param>
internal sealed class ResourceWatch(WatchRequest request, Func<Dictionary<string, Resource>> now, Func<Task> nextChange)
{
    private Dictionary<string, Resource> seen = [];

    public async Task WriteAsync(IServerStreamWriter<WatchResponse> stream, CancellationToken cancellation)
    {
        await stream.WriteAsync(new(), cancellation);
        // The signal before the look: a change in between is not missed.
        var change = nextChange();
        if (request.HasId)
            await WriteAsync(stream, FirstOfOne(), cancellation);
        else if (request.Options?.BootstrapContents == true)
            await WriteAsync(stream, Bootstrap(), cancellation);
        else
            seen = now();
        while (true)
        {
            await change.WaitAsync(cancellation);
            change = nextChange();
            await WriteAsync(stream, Differences(), cancellation);
        }
    }

    private static async Task WriteAsync(IServerStreamWriter<WatchResponse> stream, List<Event> events, CancellationToken cancellation)
    {
        foreach (var told in events)
            await stream.WriteAsync(new() { Event = { told } }, cancellation);
    }

    // The present state of one resource comes unasked, its absence too.
    private List<Event> FirstOfOne()
    {
        var events = Differences();
        if (events.Count > 0)
            return events;
        var absent = new Cozy.Fleet.Talos.Api.Cosi.Metadata { Namespace = request.Namespace, Type = request.Type, Id = request.Id };
        return [new() { EventType = EventType.Destroyed, Resource = new() { Metadata = absent } }];
    }

    // The end of what was there is told to those only who know the word.
    private List<Event> Bootstrap()
    {
        var events = Differences();
        if (request.ApiVersion >= 1)
            events.Add(new() { EventType = EventType.Bootstrapped });
        return events;
    }

    private List<Event> Differences()
    {
        var (before, after) = (seen, now());
        seen = after;
        var events = new List<Event>();
        foreach (var (id, resource) in after)
        {
            if (!before.TryGetValue(id, out var old))
                events.Add(new() { EventType = EventType.Created, Resource = resource });
            else if (!old.Spec.Equals(resource.Spec))
                events.Add(new() { EventType = EventType.Updated, Resource = resource, Old = old });
        }
        events.AddRange(before.Where(old => !after.ContainsKey(old.Key))
            .Select(old => new Event { EventType = EventType.Destroyed, Resource = old.Value }));
        return request.HasId ? events.FindAll(e => e.Resource.Metadata.Id == request.Id) : events;
    }
}
