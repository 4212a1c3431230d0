using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>One event of a node.</summary>
internal sealed record NodeEvent(string Id, string ActorId, IMessage Payload);

/// <summary>
/// The events of one boot: a ring whose ids order like their times, lost with the reboot (talos.md 1.3). Readers that fell out of the
/// ring are cut off and resume by id.
/// </summary>
internal sealed class EventLog(DateTimeOffset boot)
{
    private const int Capacity = 1000;

    private readonly Lock gate = new(); // The boot, API calls and readers are on different threads.
    private readonly List<NodeEvent> ring = [];
    private TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool complete;
    private long number;

    public void Append(IMessage payload, string actor = "") => Wake(() =>
    {
        if (ring.Count == Capacity)
            ring.RemoveAt(0);
        ring.Add(new($"{boot.ToUnixTimeMilliseconds():x11}{++number:x9}", actor, payload));
    });

    public bool IsComplete
    {
        get
        {
            lock (gate)
                return complete;
        }
    }

    /// <summary>Nothing comes after this: the machine goes down.</summary>
    public void Complete() => Wake(() => complete = true);

    /// <summary>The id after which a reader starts that wants the last <paramref name="count"/> events; all with -1.</summary>
    public string Before(int count)
    {
        lock (gate)
        {
            var from = count < 0 ? 0 : Math.Max(0, ring.Count - count);
            return from == 0 ? "" : ring[from - 1].Id;
        }
    }

    /// <summary>All events after an id, those to come as well, until the log is complete.</summary>
    public async IAsyncEnumerable<NodeEvent> AfterAsync(string id, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            var (events, next) = Look(id);
            foreach (var found in events)
                yield return found;
            if (events.Count > 0)
                id = events[^1].Id;
            else if (next is null)
                yield break;
            else
                await next.WaitAsync(cancellation);
        }
    }

    private (List<NodeEvent> Events, Task? Next) Look(string id)
    {
        lock (gate)
            return (ring.FindAll(e => string.CompareOrdinal(e.Id, id) > 0), complete ? null : more.Task);
    }

    private void Wake(Action change)
    {
        TaskCompletionSource waiting;
        lock (gate)
        {
            change();
            (waiting, more) = (more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        waiting.SetResult();
    }
}
