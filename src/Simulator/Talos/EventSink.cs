using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Talos.Api.Events;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>
/// Pushes a node's events to a sink: plaintext HTTP/2, from the node's own address, which is all that tells who it is; the whole log
/// first, then on after the last id that was acknowledged (talos.md 3.5).
/// </summary>
internal sealed class EventSink(string endpoint, IPAddress from, Pace pace)
{
    // Names a machine's message as a standard Any does; the pull stream has a prefix of its own.
    private const string TypePrefix = "type.googleapis.com/machine.";

    /// <summary>Runs until the log is complete and delivered, or it is cancelled.</summary>
    public async Task RunAsync(EventLog log, CancellationToken cancellation)
    {
        using var channel = GrpcChannel.ForAddress($"http://{endpoint}", new()
        {
            HttpHandler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync },
            DisposeHttpClient = true,
        });
        var client = new EventSinkService.EventSinkServiceClient(channel);
        var delivered = "";
        while (true)
        {
            try
            {
                await foreach (var next in log.AfterAsync(delivered, cancellation))
                {
                    await client.PublishAsync(Request(next), cancellationToken: cancellation);
                    delivered = next.Id;
                }
                return;
            }
            catch (RpcException) when (!cancellation.IsCancellationRequested)
            {
                // The sink is away; it gets everything when it is back.
                await pace.WaitAsync(2, cancellation);
            }
        }
    }

    private static EventRequest Request(NodeEvent next) => new()
    {
        Id = next.Id,
        ActorId = next.ActorId,
        Data = new Any { TypeUrl = TypePrefix + next.Payload.Descriptor.Name, Value = next.Payload.ToByteString() },
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
