using System.Diagnostics.CodeAnalysis;

namespace Cozy.Fleet.Domain;

/// <summary>Why something is refused; each kind is one gRPC status code.</summary>
public enum RefusalKind
{
    InvalidArgument,
    NotFound,
    AlreadyExists,
    FailedPrecondition,

    /// <summary>Somebody wrote in between: the etag is not the present one.</summary>
    Aborted,
    PermissionDenied,
}

/// <summary>A refusal in one sentence: what, where, what to do.</summary>
/// <param name="Field">The path of the field at fault, such as <c>spec.image</c>; empty when it is not one field.</param>
public sealed record Refusal(RefusalKind Kind, string Message, string Field = "");

/// <summary>The outcome of a call that may be refused: a value or a refusal, never both.</summary>
public sealed record Answer<T>(T? Value, Refusal? Refusal)
    where T : class
{
    public bool Accepted([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Refusal? refusal)
    {
        (value, refusal) = (Value, Refusal);
        return refusal is null;
    }

    [SuppressMessage("Usage", "CA2225", Justification = "The constructor is the named alternative.")]
    public static implicit operator Answer<T>(T value) => new(value, null);

    [SuppressMessage("Usage", "CA2225", Justification = "The constructor is the named alternative.")]
    public static implicit operator Answer<T>(Refusal refusal) => new(null, refusal);
}
