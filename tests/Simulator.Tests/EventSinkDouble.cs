using System.Net;
using System.Threading.Channels;
using Cozy.Fleet.Talos.Api.Events;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>An event sink on a port of its own.</summary>
internal sealed class EventSinkDouble(WebApplication app, Channel<(IPAddress, EventRequest)> requests) : IAsyncDisposable
{
    public Channel<(IPAddress Peer, EventRequest Request)> Requests => requests;

    public string EndPoint => new Uri(
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority;

    public static async Task<EventSinkDouble> StartAsync()
    {
        var requests = Channel.CreateUnbounded<(IPAddress, EventRequest)>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(requests);
        var app = builder.Build();
        app.MapGrpcService<SinkService>();
        await app.StartAsync(TestRack.Cancellation);
        return new(app, requests);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

internal sealed class SinkService(Channel<(IPAddress, EventRequest)> requests) : EventSinkService.EventSinkServiceBase
{
    public override async Task<EventResponse> Publish(EventRequest request, ServerCallContext context)
    {
        await requests.Writer.WriteAsync((context.GetHttpContext().Connection.RemoteIpAddress!, request));
        return new();
    }
}
