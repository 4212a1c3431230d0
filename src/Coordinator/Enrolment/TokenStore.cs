using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>A token with the etag of its last write.</summary>
internal sealed record StoredToken(TokenRecord Token, string Etag);

/// <summary>The tokens among the records. Every change names the etag it was made from: of two who race, one wins.</summary>
internal sealed class TokenStore(IRecordStore store)
{
    /// <summary>Repeats of one request beyond this many look like a loop, not like a lost answer.</summary>
    private const int MaxSecrets = 16;

    public async Task<StoredToken?> ReadAsync(string id, CancellationToken cancellation) =>
        await store.ReadAsync(RecordKind.Tokens, id, cancellation) is { } record ? Parse(record) : null;

    public async Task<IReadOnlyList<TokenRecord>> ListAsync(string afterId, int limit, CancellationToken cancellation) =>
        [.. (await store.ListAsync(RecordKind.Tokens, afterId, limit, cancellation)).Select(r => Parse(r).Token)];

    /// <summary>
    /// Adds the token. When a repeated request finds its own token, the new secret opens that one too.
    /// </summary>
    /// <returns>The stored token; null when the id belongs to a token that is not what is asked for, or cannot be used any more.</returns>
    public async Task<TokenRecord?> AddAsync(TokenRecord token, CancellationToken cancellation)
    {
        if (await WriteAsync(token, null, cancellation))
            return token;
        while (await ReadAsync(token.Id, cancellation) is { } found)
        {
            var same = found.Token.Rack == token.Rack
                && found.Token.ExpireTime - found.Token.CreateTime == token.ExpireTime - token.CreateTime;
            if (!same || found.Token.Refusal(token.CreateTime) is not null || found.Token.Secrets.Count >= MaxSecrets)
                return null;
            var next = found.Token with { Secrets = found.Token.Secrets.Add(token.Secrets[0]) };
            if (await WriteAsync(next, found.Etag, cancellation))
                return next;
        }
        return null;
    }

    /// <returns>False when somebody else changed the token since it was read.</returns>
    public Task<bool> ChangeAsync(StoredToken read, TokenRecord next, CancellationToken cancellation) =>
        WriteAsync(next, read.Etag, cancellation);

    /// <summary>A random id; for a request that may be repeated, one that follows from who asks and from the request's own id.</summary>
    public static string NewId(string asker, string requestId)
    {
        var bytes = requestId == ""
            ? RandomNumberGenerator.GetBytes(8)
            : SHA256.HashData(Encoding.UTF8.GetBytes($"{asker}\n{requestId}")).AsSpan(0, 8);
        return Convert.ToHexStringLower(bytes);
    }

    private async Task<bool> WriteAsync(TokenRecord token, string? etag, CancellationToken cancellation) =>
        await store.WriteAsync(RecordKind.Tokens, token.Id, etag, RecordJson.Write(token), cancellation) is not null;

    private static StoredToken Parse(StoredRecord record) => new(RecordJson.Read<TokenRecord>(record.Data), record.Etag);
}
