using System.Globalization;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Events;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

internal sealed class EventApi(IEventLog log) : V1.EventService.EventServiceBase
{
    private const string Kind = "events";

    public override async Task<V1.ListEventsResponse> ListEvents(V1.ListEventsRequest request, ServerCallContext context)
    {
        var limit = PageToken.Size(request.PageSize);
        var filter = MessageFilter.Parse(request.Filter, V1.Event.Descriptor);
        var before = Before(PageToken.Read(Kind, request.Filter, request.PageToken));
        var found = new List<V1.Event>();
        while (found.Count <= limit)
        {
            var batch = await log.ListAsync(before, RecordRows.Batch, context.CancellationToken);
            found.AddRange(batch.Select(e => e.ToProto()).Where(filter.Matches));
            if (batch.Count < RecordRows.Batch)
                break;
            before = batch[^1].Sequence;
        }
        if (found.Count <= limit)
            return new() { Events = { found } };
        var last = found[limit - 1].Sequence.ToString(CultureInfo.InvariantCulture);
        return new() { Events = { found.Take(limit) }, NextPageToken = PageToken.Write(Kind, request.Filter, last) };
    }

    public override async Task WatchEvents(
        V1.WatchEventsRequest request, IServerStreamWriter<V1.WatchEventsResponse> responseStream, ServerCallContext context)
    {
        var filter = MessageFilter.Parse(request.Filter, V1.Event.Descriptor);
        if (request.AfterSequence < 0)
            throw Problems.Of("after_sequence", "must not be negative");
        var after = request.AfterSequence > 0 ? request.AfterSequence : await NewestAsync(context.CancellationToken);
        // The headers say that the watch stands: what happens from here on is told.
        await context.WriteResponseHeadersAsync([]);
        await foreach (var logged in log.WatchAsync(after, context.CancellationToken))
        {
            var message = logged.ToProto();
            if (filter.Matches(message))
                await responseStream.WriteAsync(new() { Event = message }, context.CancellationToken);
        }
    }

    private async Task<long> NewestAsync(CancellationToken cancellationToken) =>
        await log.ListAsync(long.MaxValue, 1, cancellationToken) is [var newest, ..] ? newest.Sequence : 0;

    private static long Before(string token)
    {
        if (token == "")
            return long.MaxValue;
        return long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var before)
            ? before : throw Problems.Of("page_token", "is not a token of this service; leave it empty to start over");
    }
}
