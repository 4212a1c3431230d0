using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Orleans.Storage;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>
/// Turns what went wrong into a status: logged once, told in a short sentence. Ends streams when the coordinator stops, so that
/// their clients connect again and the stop does not wait for them.
/// </summary>
internal sealed partial class FailureInterceptor(IHostApplicationLifetime lifetime, ILogger<FailureInterceptor> log) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(request, context));

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(requestStream, context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        GuardStream(context, () => continuation(request, responseStream, context));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        GuardStream(context, () => continuation(requestStream, responseStream, context));

    private async Task GuardStream(ServerCallContext context, Func<Task> call)
    {
        using var stopping = lifetime.ApplicationStopping.Register(context.GetHttpContext().Abort);
        await Guard(context, async () =>
        {
            await call();
            return true;
        });
    }

    private async Task<T> Guard<T>(ServerCallContext context, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException)
        {
            throw;
        }
        catch (Exception failure)
        {
            throw new RpcException(Status(context, failure));
        }
    }

    private Status Status(ServerCallContext context, Exception failure)
    {
        if (context.CancellationToken.IsCancellationRequested)
            return new(StatusCode.Cancelled, "The caller went away, or the coordinator stops.");
        switch (failure)
        {
            case TimeoutException or OrleansMessageRejectionException or SiloUnavailableException:
                LogBusy(context.Method, failure.Message);
                return new(StatusCode.Unavailable, "The coordinator did not finish in time; try again, with the same request id.");
            case InconsistentStateException:
                LogBusy(context.Method, failure.Message);
                return new(StatusCode.Aborted, "The resource was changed in between; read it again.");
            default:
                LogFailed(failure, context.Method);
                return new(StatusCode.Internal, $"The coordinator failed at {context.Method}; its log says why{TraceId()}.");
        }
    }

    private static string TraceId() => Activity.Current is { } activity ? $" (trace {activity.TraceId})" : "";

    [LoggerMessage(LogLevel.Error, "{Method} failed")]
    private partial void LogFailed(Exception failure, string method);

    [LoggerMessage(LogLevel.Warning, "{Method} was given up: {Reason}")]
    private partial void LogBusy(string method, string reason);
}
