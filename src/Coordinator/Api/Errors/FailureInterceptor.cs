using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Cozy.Fleet.Coordinator.Api.Errors;

/// <summary>One of the four places where exceptions end: a client hears that it failed and where to look, never the details.</summary>
internal sealed partial class FailureInterceptor(ILogger<FailureInterceptor> log) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw Translate(failure, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw Translate(failure, context);
        }
    }

    private RpcException Translate(Exception failure, ServerCallContext context)
    {
        if (failure is OperationCanceledException && context.CancellationToken.IsCancellationRequested)
            return new(new(StatusCode.Cancelled, "the client ended the call."));
        LogFailed(context.Method, failure);
        // Grains that are slow or moving answer later: a retry with the same request id is safe.
        return failure is TimeoutException or OrleansException
            ? new(new(StatusCode.Unavailable, "the coordinator is busy or restarting; try again with the same request_id."))
            : new(new(StatusCode.Internal, "the coordinator failed; its log says why."));
    }

    [LoggerMessage(LogLevel.Error, "{Method} failed")]
    private partial void LogFailed(string method, Exception failure);
}
