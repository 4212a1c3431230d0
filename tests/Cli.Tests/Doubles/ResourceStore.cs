using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The resources of one kind, in memory, with paging, filters, request ids and watches that resume.</summary>
internal sealed class ResourceStore<T>(Kind kind, TimeProvider time)
    where T : class, IMessage<T>
{
    // Small, so that every list of a test goes over several pages.
    private const int PageLimit = 2;

    private readonly Lock gate = new();
    private readonly SortedDictionary<string, T> resources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, T> answered = [];
    private readonly List<(ChangeType Type, T Resource)> log = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int forgotten;

    /// <summary>What is wrong with a resource that is written: the field and why; null when nothing is.</summary>
    public Func<T, (string Field, string Problem)?> Check { get; set; } = _ => null;

    /// <summary>The resume tokens that watches came with.</summary>
    public List<string> ResumeTokens { get; } = [];

    public int Writes => log.Count;

    public T Get(string name)
    {
        lock (gate)
        {
            return resources.GetValueOrDefault(name)?.Clone()
                ?? throw new RpcException(new(StatusCode.NotFound, $"there is no {kind.Singular} '{name}'."));
        }
    }

    public (IReadOnlyList<T> Page, string Next) List(string filter, string token)
    {
        lock (gate)
        {
            var start = token == "" ? 0 : int.Parse(token, System.Globalization.CultureInfo.InvariantCulture);
            var all = resources.Values.Where(resource => Matches(filter, resource)).ToArray();
            var next = start + PageLimit < all.Length ? $"{start + PageLimit}" : "";
            return ([.. all.Skip(start).Take(PageLimit).Select(resource => resource.Clone())], next);
        }
    }

    /// <summary>Puts a resource there as the fleet itself would, status and all.</summary>
    public void Put(T resource)
    {
        lock (gate)
        {
            var type = resources.ContainsKey(Name(resource)) ? ChangeType.Modified : ChangeType.Added;
            Kind.Metadata(resource).CreateTime ??= Timestamp.FromDateTimeOffset(time.GetUtcNow());
            resources[Name(resource)] = resource.Clone();
            Record(type, resource);
        }
    }

    /// <summary>Spec, labels and annotations of <paramref name="wanted"/>; the status stays.</summary>
    public T Write(T wanted, string requestId, bool validateOnly, bool allowMissing)
    {
        lock (gate)
        {
            Assert.NotEqual("", requestId);
            if (answered.TryGetValue(requestId, out var former))
                return former;
            if (Check(wanted) is { } wrong)
                throw Invalid(wrong.Field, wrong.Problem);
            var made = allowMissing && !resources.ContainsKey(Name(wanted)) ? wanted.Clone() : Changed(Get(Name(wanted)), wanted);
            if (validateOnly)
                return made;
            if (!resources.TryGetValue(Name(wanted), out var present) || !present.Equals(made))
                Put(made);
            return answered[requestId] = Get(Name(made));
        }
    }

    public void Delete(string name)
    {
        lock (gate)
        {
            var gone = Get(name);
            resources.Remove(name);
            kind.Descriptor.FindFieldByName("spec").Accessor.Clear(gone);
            kind.Descriptor.FindFieldByName("status")?.Accessor.Clear(gone);
            Record(ChangeType.Deleted, gone);
        }
    }

    /// <summary>Breaks every watch off, as a coordinator that is restarted does.</summary>
    public void DropWatches()
    {
        lock (gate)
        {
            dropped.SetResult();
            dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Resume tokens up to now are refused from here on.</summary>
    public void Forget() => forgotten = log.Count + 1;

    public async Task WatchAsync(
        string filter, string resumeToken, Func<ChangeType, T?, string, Task> send, CancellationToken cancellation)
    {
        var (place, drop) = (0, dropped.Task);
        lock (gate)
            ResumeTokens.Add(resumeToken);
        if (resumeToken == "")
            place = await PictureAsync(filter, send);
        else if ((place = int.Parse(resumeToken, System.Globalization.CultureInfo.InvariantCulture)) < forgotten)
            throw new RpcException(new(StatusCode.OutOfRange, "the resume token is too old."));
        while (true)
        {
            (ChangeType Type, T Resource)[] news;
            Task more;
            lock (gate)
                (news, more) = ([.. log.Skip(place)], changed.Task);
            foreach (var (type, resource) in news)
            {
                place++;
                if (Matches(filter, resource))
                    await send(type, resource, $"{place}");
            }
            await Task.WhenAny(more, drop).WaitAsync(cancellation);
            if (drop.IsCompleted)
                throw new RpcException(new(StatusCode.Unavailable, "the coordinator goes down."));
        }
    }

    public static RpcException Invalid(string field, string problem) => new Status
    {
        Code = (int)Code.InvalidArgument,
        Message = problem,
        Details = { Any.Pack(new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field,
            Description = problem } } }) },
    }.ToRpcException();

    private async Task<int> PictureAsync(string filter, Func<ChangeType, T?, string, Task> send)
    {
        T[] all;
        int place;
        lock (gate)
            (all, place) = ([.. resources.Values.Where(resource => Matches(filter, resource))], log.Count);
        foreach (var resource in all)
            await send(ChangeType.Added, resource, "");
        await send(ChangeType.Bookmark, null, $"{place}");
        return place;
    }

    private T Changed(T present, T wanted)
    {
        var spec = kind.Descriptor.FindFieldByName("spec").Accessor;
        if (spec.GetValue(wanted) is { } value)
            spec.SetValue(present, value);
        else
            spec.Clear(present);
        var (metadata, said) = (Kind.Metadata(present), Kind.Metadata(wanted));
        metadata.Labels.Clear();
        metadata.Labels.Add(said.Labels);
        metadata.Annotations.Clear();
        metadata.Annotations.Add(said.Annotations);
        return present;
    }

    private void Record(ChangeType type, T resource)
    {
        log.Add((type, resource.Clone()));
        changed.TrySetResult();
        changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static bool Matches(string filter, IMessage resource)
    {
        if (!Filter.TryParse(filter, out var parsed, out var refusal))
            throw Invalid("filter", refusal);
        return parsed.Matches(path => Values(resource, path));
    }

    private static IEnumerable<string> Values(IMessage resource, string path)
    {
        var node = System.Text.Json.Nodes.JsonNode.Parse(JsonFormatter.Default.Format(resource));
        foreach (var name in path.Split('.'))
            node = (node as System.Text.Json.Nodes.JsonObject)?[name];
        return node is null ? [] : [node.ToString()];
    }

    private static string Name(T resource) => Kind.Metadata(resource).Name;
}
