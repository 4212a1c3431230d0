using System.Net.Sockets;
using Cozy.Fleet.Cli.Hosting;
using Google.Rpc;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Connect;

/// <summary>Turns the failure of a call into one sentence with what to do, a line for each field, and the exit code.</summary>
internal static class CallFailure
{
    public static Failure Explain(RpcException error, ContextFile context, ServerCheck check)
    {
        if (check.Refusal is { } refusal)
            return new(ExitCode.Unreachable, $"The coordinator at {context.Endpoint.Authority} {refusal}.");
        if (error.StatusCode == StatusCode.Unauthenticated)
            return NotLetIn(context, Sentence(error.Status.Detail));
        if (error.StatusCode is StatusCode.Unavailable or StatusCode.Internal && Transport(error) is { } cause)
            return Transport(cause, context, check);
        return error.StatusCode switch
        {
            StatusCode.DeadlineExceeded => new(ExitCode.Timeout, "The coordinator did not answer in time; try again or look at its log."),
            StatusCode.Unavailable => new(ExitCode.Unreachable,
                $"The coordinator at {context.Endpoint.Authority} cannot answer now: {Sentence(error.Status.Detail)}"),
            StatusCode.Unimplemented => new(
                ExitCode.Refused, $"The coordinator at {context.Endpoint.Authority} does not know this call; "
                    + "it is older than this program."),
            _ => Refused(error),
        };
    }

    /// <summary>What the coordinator refused, in its own words.</summary>
    public static Failure Refused(RpcException error) =>
        new(ExitCode.Refused, Sentence(error.Status.Detail),
            [.. Violations(error).Select(violation => $"{violation.Field}: {violation.Description}")]);

    /// <summary>The fields that the coordinator named.</summary>
    public static IReadOnlyList<BadRequest.Types.FieldViolation> Violations(RpcException error) =>
        error.GetRpcStatus()?.GetDetail<BadRequest>()?.FieldViolations ?? [];

    /// <summary>Transport errors carry the exception; what the coordinator itself answers does not.</summary>
    private static Exception? Transport(RpcException error) => error.Status.DebugException;

    private static Failure Transport(Exception cause, ContextFile context, ServerCheck check)
    {
        for (var inner = cause; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException { SocketErrorCode: not (SocketError.ConnectionReset or SocketError.Shutdown) } socket)
            {
                return new(
                    ExitCode.Unreachable,
                    $"The coordinator at {context.Endpoint.Authority} cannot be reached ({socket.Message}); "
                    + $"start it, or correct endpoint in {context.Path}.");
            }
        }
        if (check.Answered)
        {
            return new(
                ExitCode.Unreachable,
                $"The connection to the coordinator at {context.Endpoint.Authority} was lost ({Innermost(cause).Message.TrimEnd('.')}); "
                + "run the command again.");
        }
        // In TLS 1.3 the client is done before the server has looked at its certificate: a refusal arrives as an alert or as
        // the end of the connection, in place of the first answer (RFC 8446 4.4.2.4).
        return check.Passed
            ? NotLetIn(context, "it closed the connection after the TLS handshake.")
            : new(
                ExitCode.Unreachable,
                $"At {context.Endpoint.Authority} nothing speaks TLS as the coordinator does ({Innermost(cause).Message}); "
                + $"correct endpoint in {context.Path}.");
    }

    private static Failure NotLetIn(ContextFile context, string why) => new(
        ExitCode.Unreachable,
        $"The coordinator at {context.Endpoint.Authority} does not accept the certificate in {context.Path}, "
        + $"so take a fresh copy of its admin.yaml: {why}");

    private static Exception Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error;

    private static string Sentence(string text)
    {
        var trimmed = text.Trim();
        if (trimmed == "")
            return "The coordinator gave no reason.";
        var ended = trimmed[^1] is '.' or '!' or '?' ? trimmed : trimmed + ".";
        return char.ToUpperInvariant(ended[0]) + ended[1..];
    }
}
