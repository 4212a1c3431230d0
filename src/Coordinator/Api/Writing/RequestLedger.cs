using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Google.Protobuf;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>The result of a request, kept so that its repetition gets the same one.</summary>
/// <param name="BodyDigest">Of the request: the same id with another body is a client's mistake.</param>
internal sealed record FinishedRequest(string BodyDigest, DateTimeOffset Time, byte[] Response);

/// <summary>Who asks what, under which id.</summary>
internal sealed record RequestKey(string Method, string Caller, string Id)
{
    /// <summary>A name for the record; also what the uid of a created resource is made of.</summary>
    public string Digest { get; } =
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Method}\n{Caller}\n{Id.ToLowerInvariant()}")));
}

/// <summary>
/// Makes retries safe: a repeated request is answered with its first result, also after a restart. A refused request left
/// nothing behind, so its repetition is judged anew.
/// </summary>
internal sealed class RequestLedger(IRecordStore store, RequestExpiry expiry, TimeProvider time)
{
    public const string Kind = "requests";

    // One at a time for each key: a client that gave up waiting repeats while the first call still runs.
    private readonly ConcurrentDictionary<string, Task> running = new(StringComparer.Ordinal);

    public async Task<TResponse> OnceAsync<TResponse>(
        RequestKey key, IMessage request, Func<Task<TResponse>> act, CancellationToken cancellationToken)
        where TResponse : class, IMessage<TResponse>, new()
    {
        var finished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (running.GetOrAdd(key.Digest, finished.Task) is var other && other != finished.Task)
            await other.WaitAsync(cancellationToken);
        try
        {
            var body = Digest(request);
            return await RecalledAsync<TResponse>(key, body, cancellationToken) ?? await CarryOutAsync(key, body, act);
        }
        finally
        {
            running.TryRemove(key.Digest, out _);
            finished.SetResult();
        }
    }

    private async Task<TResponse?> RecalledAsync<TResponse>(RequestKey key, string body, CancellationToken cancellationToken)
        where TResponse : class, IMessage<TResponse>, new()
    {
        if (await store.ReadAsync(Kind, key.Digest, cancellationToken) is not { } row)
            return null;
        var kept = RecordJson.Read<FinishedRequest>(row.Data);
        if (time.GetUtcNow() - kept.Time >= RequestExpiry.Lifetime)
        {
            await store.DeleteAsync(Kind, row.Name, row.Etag, cancellationToken);
            return null;
        }
        if (kept.BodyDigest != body)
            throw Problems.Of("request_id", "was used for another request; make a new one for each request");
        var response = new TResponse();
        response.MergeFrom(kept.Response);
        return response;
    }

    // Not cut short by the client: what was done must be remembered.
    private async Task<TResponse> CarryOutAsync<TResponse>(RequestKey key, string body, Func<Task<TResponse>> act)
        where TResponse : class, IMessage<TResponse>, new()
    {
        var response = await act();
        var now = time.GetUtcNow();
        var data = RecordJson.Write(new FinishedRequest(body, now, response.ToByteArray()));
        if (await store.WriteAsync(Kind, key.Digest, null, data, CancellationToken.None) is null)
            throw new Refusal(RefusalKind.Aborted, "the same request runs elsewhere; repeat it.", "request_id").ToRpc();
        await expiry.AddedAsync(key.Digest, now);
        return response;
    }

    // Maps have no order on the wire; the digest needs one.
    private static string Digest(IMessage request)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true) { Deterministic = true })
            request.WriteTo(output);
        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));
    }
}
