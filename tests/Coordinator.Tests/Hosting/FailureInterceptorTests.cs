using Cozy.Fleet.Coordinator.Hosting;
using Grpc.Core;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;

namespace Cozy.Fleet.Coordinator.Tests.Hosting;

public sealed class FailureInterceptorTests
{
    public static TheoryData<Exception, StatusCode, string> Failures => new()
    {
        { new TimeoutException("30 s"), StatusCode.Unavailable, "try again" },
        { new InconsistentStateException("etag"), StatusCode.Aborted, "read it again" },
        { new InvalidOperationException("a secret detail"), StatusCode.Internal, "its log says why" },
        { new RpcException(new(StatusCode.NotFound, "there is no node n1.")), StatusCode.NotFound, "there is no node n1." },
    };

    [Theory, MemberData(nameof(Failures))]
    public async Task A_failure_becomes_a_status(Exception failure, StatusCode code, string sentence)
    {
        var status = await StatusOf(failure, CancellationToken.None);

        Assert.Equal(code, status.StatusCode);
        Assert.Contains(sentence, status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_who_went_away_is_no_failure() =>
        Assert.Equal(StatusCode.Cancelled, (await StatusOf(new OperationCanceledException(), new(canceled: true))).StatusCode);

    private static async Task<Status> StatusOf(Exception failure, CancellationToken cancelled)
    {
        using var lifetime = new LifetimeSource();
        var interceptor = new FailureInterceptor(lifetime.Lifetime, NullLogger<FailureInterceptor>.Instance);
        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => interceptor.UnaryServerHandler<string, string>("", new Call(cancelled), (_, _) => throw failure));
        return thrown.Status;
    }

    private sealed class LifetimeSource : IDisposable
    {
        private readonly ILoggerFactory loggers = LoggerFactory.Create(_ => { });

        public ApplicationLifetime Lifetime => new(loggers.CreateLogger<ApplicationLifetime>());

        public void Dispose() => loggers.Dispose();
    }

    private sealed class Call(CancellationToken cancelled) : ServerCallContext
    {
        protected override string MethodCore => "/cozy.fleet.v1.NodeService/GetNode";

        protected override string HostCore => "localhost";

        protected override string PeerCore => "";

        protected override DateTime DeadlineCore => DateTime.MaxValue;

        protected override Metadata RequestHeadersCore { get; } = [];

        protected override CancellationToken CancellationTokenCore => cancelled;

        protected override Metadata ResponseTrailersCore { get; } = [];

        protected override Status StatusCore { get; set; }

        protected override WriteOptions? WriteOptionsCore { get; set; }

        protected override AuthContext AuthContextCore { get; } = new("", []);

        protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
            throw new NotSupportedException();

        protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
    }
}
