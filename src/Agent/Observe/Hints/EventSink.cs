using System.Buffers.Binary;
using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Talos;
using Cozy.Fleet.Talos.Api.Events;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Cozy.Fleet.Agent.Observe.Hints;

/// <summary>
/// What nodes push their events to: one unary gRPC call over plaintext HTTP/2, without any identity (talos.md 3.5; 0, trap 11). An event is a
/// reason to look at the node that has the sender's address, and nothing else. The one call is written out here: it needs no stream, no
/// compression and no metadata, and whoever is on the network may speak to it.
/// </summary>
internal sealed class EventSink(Senders senders, RefusalCounters refused)
{
    private const string Channel = "events";
    private const string Path = "/events.EventSinkService/Publish";
    private const int Prefix = 5; // A byte that tells of compression, and the length.
    private const int LargestMessage = 64 << 10;

    /// <summary>An endpoint that speaks nothing but HTTP/2, for machines of this rack alone.</summary>
    public static void Listen(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.Use(next => connection =>
        {
            var senders = listen.ApplicationServices.GetRequiredService<Senders>();
            return AdmitAsync(senders, connection, next);
        });
    }

    /// <summary>Only this endpoint speaks HTTP/2, and only boot files are served over HTTP/1.1: neither serves what is the other's.</summary>
    public void Map(WebApplication app) => app.Use((context, next) =>
        HttpProtocol.IsHttp2(context.Request.Protocol) ? PublishAsync(context) : next(context));

    private static async Task AdmitAsync(Senders senders, ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address } || senders.Find(address, Channel) is not { } sender)
        {
            connection.Abort();
            return;
        }
        var ended = sender.Connected(connection.Abort, Senders.ConnectionsPerAddress);
        try
        {
            await next(connection);
        }
        finally
        {
            ended();
        }
    }

    private async Task PublishAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        var status = await TakeAsync(context);
        if (status == StatusCode.OK)
            await context.Response.Body.WriteAsync(new byte[Prefix], context.RequestAborted); // An empty message.
        context.Response.AppendTrailer("grpc-status", $"{(int)status}");
    }

    private async Task<StatusCode> TakeAsync(HttpContext context)
    {
        if (context.Request.Path != Path || !HttpMethods.IsPost(context.Request.Method))
        {
            refused.Count(Channel + "/not-found");
            return StatusCode.Unimplemented;
        }
        if (senders.Find(context.Connection.RemoteIpAddress!, Channel) is not { } sender)
            return StatusCode.PermissionDenied;
        // The node tries again later, after the last event that was taken.
        if (!senders.TryTake(sender, Channel))
            return StatusCode.ResourceExhausted;
        if (await ReadAsync(context.Request.Body, context.RequestAborted) is not { } told)
        {
            refused.Count(Channel + "/unreadable");
            return StatusCode.InvalidArgument;
        }
        if (TalosEvent.From(told.Data).MayChangeState)
            senders.Hint(sender);
        return StatusCode.OK;
    }

    private static async Task<EventRequest?> ReadAsync(Stream body, CancellationToken cancellation)
    {
        var prefix = new byte[Prefix];
        if (await body.ReadAtLeastAsync(prefix, Prefix, throwOnEndOfStream: false, cancellation) < Prefix || prefix[0] != 0)
            return null;
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(1));
        if (length > LargestMessage)
            return null;
        var message = new byte[length];
        if (await body.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, cancellation) < message.Length)
            return null;
        try
        {
            return EventRequest.Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException)
        {
            return null; // Strangers may send anything.
        }
    }
}
