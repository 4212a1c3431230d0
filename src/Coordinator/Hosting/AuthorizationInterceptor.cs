using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Coordinator.Enrolment;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Finds out who calls and whether they may, before any service sees the call.</summary>
internal sealed class AuthorizationInterceptor(CoordinatorCa ca, TimeProvider time) : Interceptor
{
    // Calls of one connection run at the same time, and the connection's own items are not made for that.
    private static readonly ConditionalWeakTable<X509Certificate2, Known> Checked = [];

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Authorize(context);
        return continuation(request, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Authorize(context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Authorize(context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Authorize(context);
        return continuation(requestStream, responseStream, context);
    }

    private void Authorize(ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var caller = Caller(http);
        if (AccessRules.Refusal(caller, context.Method) is { } refusal)
            throw new RpcException(refusal);
        http.Features.Set(caller);
    }

    private Caller Caller(HttpContext http)
    {
        var now = time.GetUtcNow();
        // Once for each connection, whose certificate is one object, but a certificate may expire while the connection lasts.
        var certificate = http.Connection.ClientCertificate;
        if (certificate is not null && Checked.TryGetValue(certificate, out var known) && now < known.Until)
            return known.Caller;

        var caller = Callers.From(certificate, ca, now, out var reason)
            ?? throw new RpcException(new(StatusCode.Unauthenticated, $"{reason} Use a certificate that this coordinator issued."));
        if (certificate is not null)
            Checked.AddOrUpdate(certificate, new(caller, new(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero)));
        return caller;
    }

    private sealed record Known(Caller Caller, DateTimeOffset Until);
}
