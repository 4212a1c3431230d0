using Cozy.Fleet.Coordinator.Api.Errors;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>What every mutating call shares: the request id, the caller, and one line in the log.</summary>
internal sealed partial class Mutations(RequestLedger ledger, CallerName callers, TimeProvider time, ILogger<Mutations> log)
{
    /// <param name="request">The whole request: a repetition must be the same.</param>
    /// <param name="ask">What the request says of itself.</param>
    /// <param name="act">Carries it out.</param>
    public async Task<TResponse> RunAsync<TResponse>(
        ServerCallContext context, IMessage request, Ask ask, Func<Mutation, Task<TResponse>> act)
        where TResponse : class, IMessage<TResponse>, new()
    {
        if (ask.RequestId != "" && !Guid.TryParseExact(ask.RequestId, "D", out _))
            throw Problems.Of("request_id", "must be a UUID, such as 4f1c0f4e-3d0b-4c5e-9a55-2d6f0f9d3a10, or empty");
        var (caller, method) = (callers(context), Method(context));
        var key = new RequestKey(method, caller, ask.RequestId);
        try
        {
            var response = ask.RequestId == "" || ask.ValidateOnly
                ? await act(Scope(key, ask, context.CancellationToken))
                : await ledger.OnceAsync(key, request, () => act(Scope(key, ask, CancellationToken.None)), context.CancellationToken);
            LogDone(caller, method, ask.Subject, ask.ValidateOnly);
            return response;
        }
        catch (RpcException refused)
        {
            LogRefused(caller, method, ask.Subject, refused.Status.Detail);
            throw;
        }
    }

    /// <summary>A credential was given out: nothing changed, but it must be known who has it.</summary>
    public void LogIssued(ServerCallContext context, string subject) => LogDone(callers(context), Method(context), subject, false);

    private static string Method(ServerCallContext context) => context.Method[(context.Method.LastIndexOf('/') + 1)..];

    private Mutation Scope(RequestKey key, Ask ask, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var uid = ask.RequestId == "" ? Guid.CreateVersion7(now) : new(Convert.FromHexString(key.Digest)[..16]);
        return new(key.Caller, uid.ToString(), now, cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "{Caller} called {Method} on {Subject} (validate only: {ValidateOnly})")]
    private partial void LogDone(string caller, string method, string subject, bool validateOnly);

    [LoggerMessage(LogLevel.Information, "{Caller} called {Method} on {Subject} and was refused: {Reason}")]
    private partial void LogRefused(string caller, string method, string subject, string reason);
}

/// <summary>What a mutating request says of itself.</summary>
/// <param name="Subject">What it is about, such as <c>racks/r1</c>.</param>
internal sealed record Ask(string Subject, string RequestId, bool ValidateOnly = false);

/// <summary>Who calls, for the log, for decisions, and for request ids.</summary>
internal delegate string CallerName(ServerCallContext context);
