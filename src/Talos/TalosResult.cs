using Grpc.Core;

namespace Cozy.Fleet.Talos;

/// <summary>The class of a failure; each has its own policy (rollouts.md 3.9).</summary>
public enum TalosFailure
{
    None,

    /// <summary>The node could not be reached, or was busy restarting.</summary>
    Transient,

    /// <summary>Another operation runs, or it is too early: try again later.</summary>
    Contention,

    /// <summary>The node's surroundings: the image cannot be pulled, preflight.</summary>
    Environment,

    /// <summary>It will not work by trying again.</summary>
    Permanent,

    /// <summary>The connection was lost after the call went out: it may have taken effect.</summary>
    OutcomeUnknown,
}

/// <summary>How a call that changes something ended, with the node's own words.</summary>
public sealed record TalosResult(TalosFailure Failure, string Message, int ExitCode = 0)
{
    /// <summary>The status that the node answered with; OK when the failure is none of its statuses.</summary>
    public StatusCode Code { get; init; }

    public static TalosResult Done(string message = "") => new(TalosFailure.None, message);

    /// <summary>Maps a status (talos.md 1.1).</summary>
    /// <param name="mutating">The call has an effect: a lost connection leaves its outcome open.</param>
    public static TalosResult From(RpcException exception, bool mutating) => new(
        exception.StatusCode switch
        {
            StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled when NeverConnected(exception) => TalosFailure.Transient,
            StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Internal =>
                mutating ? TalosFailure.OutcomeUnknown : TalosFailure.Transient,
            StatusCode.FailedPrecondition or StatusCode.Aborted or StatusCode.ResourceExhausted => TalosFailure.Contention,
            // Plain Go errors: etcd preflight, the upgrade lock, an image that cannot be pulled (talos.md 1.1).
            StatusCode.Unknown or StatusCode.NotFound => TalosFailure.Environment,
            _ => TalosFailure.Permanent,
        },
        $"{exception.StatusCode}: {exception.Status.Detail}")
    { Code = exception.StatusCode };

    /// <summary>An installer's exit code (rollouts.md 2.5).</summary>
    public static TalosResult FromExitCode(int exitCode, string lastLine) => new(
        exitCode switch
        {
            0 => TalosFailure.None,
            4 or 5 => TalosFailure.Environment,
            _ => TalosFailure.Permanent,
        },
        exitCode == 0 ? lastLine : $"the installer ended with code {exitCode}: {lastLine}",
        exitCode);

    // No connection, or no handshake: the call was never sent. gRPC's own transport reports a refused connection as it is, HTTP wraps it,
    // and one that was not made in time ends as a cancelled task with the timeout inside. A reset in the middle looks different.
    private static bool NeverConnected(RpcException exception) => exception.Status.DebugException switch
    {
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
            or HttpRequestError.NameResolutionError
        } => true,
        HttpRequestException { InnerException: System.Security.Authentication.AuthenticationException } => true,
        OperationCanceledException { InnerException: TimeoutException } => true,
        System.Net.Sockets.SocketException or TimeoutException => true,
        _ => false,
    };
}
