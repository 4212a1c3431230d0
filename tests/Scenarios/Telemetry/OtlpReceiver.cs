using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Scenarios.Telemetry;

/// <summary>A span as some process exported it.</summary>
internal sealed record ReceivedSpan(string Service, string TraceId, string SpanId, string ParentSpanId, string Name)
{
    public required IReadOnlyDictionary<string, string> Attributes { get; init; }
}

/// <summary>An OTLP collector that keeps what it gets.</summary>
internal sealed class OtlpReceiver : TraceService.TraceServiceBase, IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedSpan> spans = new();
    private WebApplication? host;

    public Uri Endpoint { get; private set; } = new("http://127.0.0.1/");

    public IReadOnlyCollection<ReceivedSpan> Spans => spans;

    public static async Task<OtlpReceiver> StartAsync(CancellationToken cancellation)
    {
        var receiver = new OtlpReceiver();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(receiver);
        receiver.host = builder.Build();
        receiver.host.MapGrpcService<OtlpReceiver>();
        await receiver.host.StartAsync(cancellation);
        var addresses = receiver.host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        receiver.Endpoint = new(addresses.Single());
        return receiver;
    }

    public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context)
    {
        foreach (var resource in request.ResourceSpans)
        {
            var service = Attributes(resource.Resource.Attributes).GetValueOrDefault("service.name", "");
            foreach (var span in resource.ScopeSpans.SelectMany(s => s.Spans))
                spans.Enqueue(new(service, Hex(span.TraceId), Hex(span.SpanId), Hex(span.ParentSpanId), span.Name)
                {
                    Attributes = Attributes(span.Attributes),
                });
        }
        return Task.FromResult(new ExportTraceServiceResponse());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (host is not null)
            await host.DisposeAsync();
    }

    private static string Hex(Google.Protobuf.ByteString id) => Convert.ToHexStringLower(id.Span);

    private static Dictionary<string, string> Attributes(IEnumerable<KeyValue> attributes) => attributes
        .GroupBy(a => a.Key, StringComparer.Ordinal)
        .ToDictionary(a => a.Key, a => Text(a.Last().Value), StringComparer.Ordinal);

    private static string Text(AnyValue value) => value.ValueCase switch
    {
        AnyValue.ValueOneofCase.IntValue => value.IntValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        AnyValue.ValueOneofCase.DoubleValue => value.DoubleValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => value.StringValue,
    };
}
