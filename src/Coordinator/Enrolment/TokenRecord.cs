using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>A token as it is stored. The secret is not: whoever reads the database cannot enrol with it.</summary>
/// <param name="Secrets">
/// SHA-256 of every secret that was given out for the token. A repeated request gets another secret, because the first one is
/// known to nobody but its receiver; all of them open the one use.
/// </param>
internal sealed record TokenRecord(
    string Id, string Rack, DateTimeOffset CreateTime, DateTimeOffset ExpireTime, EquatableArray<string> Secrets)
{
    public DateTimeOffset? UseTime { get; init; }

    public bool Revoked { get; init; }

    /// <summary>Why the token cannot be used now; null when it can.</summary>
    public string? Refusal(DateTimeOffset now) => this switch
    {
        { UseTime: { } used } => $"The token {Id} was used already, at {used:u}.",
        { Revoked: true } => $"The token {Id} was revoked.",
        _ when now >= ExpireTime => $"The token {Id} expired at {ExpireTime:u}.",
        _ => null,
    };

    /// <summary>In constant time, so that an answer's delay tells nothing of a guess.</summary>
    public bool Knows(string secret)
    {
        var hash = Encoding.ASCII.GetBytes(Hash(secret));
        var known = false;
        foreach (var stored in Secrets)
            known |= CryptographicOperations.FixedTimeEquals(hash, Encoding.ASCII.GetBytes(stored));
        return known;
    }

    /// <summary>A plain hash is enough: the secret is 256 random bits, not a password.</summary>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}

/// <summary>What an operator gives to an agent: <c>cozy1.ID.SECRET.PIN</c>.</summary>
internal sealed record TokenText(string Id, string Secret, string Pin)
{
    private const string Version = "cozy1";

    public static TokenText? TryParse(string text) =>
        text.Trim().Split('.') is [Version, { Length: > 0 } id, { Length: > 0 } secret, { Length: 64 } pin] ? new(id, secret, pin) : null;

    public override string ToString() => $"{Version}.{Id}.{Secret}.{Pin}";

    /// <summary>256 random bits, base64url (RFC 4648 5): no dot, nothing that a shell would touch.</summary>
    public static string NewSecret() =>
        System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
