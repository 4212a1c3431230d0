using System.Threading.Channels;
using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The events of the fleet double.</summary>
internal sealed class EventDouble : EventService.EventServiceBase
{
    private readonly List<Event> past = [];
    private readonly Channel<Event> coming = Channel.CreateUnbounded<Event>();

    public void Add(Event happened)
    {
        happened.Sequence = past.Count + 1;
        past.Add(happened);
        coming.Writer.TryWrite(happened);
    }

    public override Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context)
    {
        var subject = request.Filter.Split('"') is [_, var quoted, _] ? quoted : "";
        var wanted = past.Where(one => subject == "" || one.Subject == subject).OrderByDescending(one => one.Sequence);
        return Task.FromResult(new ListEventsResponse { Events = { wanted.Take(request.PageSize) } });
    }

    public override async Task WatchEvents(
        WatchEventsRequest request, IServerStreamWriter<WatchEventsResponse> responseStream, ServerCallContext context)
    {
        await foreach (var happened in coming.Reader.ReadAllAsync(context.CancellationToken))
        {
            if (happened.Sequence > request.AfterSequence)
                await responseStream.WriteAsync(new() { Event = happened });
        }
    }
}
