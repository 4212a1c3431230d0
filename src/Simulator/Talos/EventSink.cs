using Cozy.Fleet.Talos.Api.Events;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>
/// Pushes a node's events to a sink: plaintext HTTP/2, the whole log first, then on after the last id that was acknowledged, also when
/// the sink is another one by then (talos.md 3.5).
/// </summary>
internal sealed class EventSink(TalosRun run)
{
    // Names a machine's message as a standard Any does; the pull stream has a prefix of its own.
    private const string TypePrefix = "type.googleapis.com/machine.";

    private string delivered = "";

    /// <summary>Runs until the log is complete and delivered, or it is cancelled.</summary>
    public async Task RunAsync(string endpoint, CancellationToken cancellation)
    {
        using var channel = GrpcChannel.ForAddress($"http://{endpoint}", new()
        {
            HttpHandler = new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (context, token) => await NodeSocket.ConnectAsync(run.Address, context.DnsEndPoint, token),
            },
            DisposeHttpClient = true,
            ThrowOperationCanceledOnCancellation = true,
        });
        var client = new EventSinkService.EventSinkServiceClient(channel);
        while (true)
        {
            try
            {
                await foreach (var next in run.Events.AfterAsync(delivered, cancellation))
                {
                    await client.PublishAsync(Request(next), cancellationToken: cancellation);
                    delivered = next.Id;
                }
                return;
            }
            catch (RpcException) when (!cancellation.IsCancellationRequested)
            {
                // The sink is away; it gets everything when it is back.
                await run.Pace.WaitAsync(2, cancellation);
            }
        }
    }

    private static EventRequest Request(NodeEvent next) => new()
    {
        Id = next.Id,
        ActorId = next.ActorId,
        Data = new Any { TypeUrl = TypePrefix + next.Payload.Descriptor.Name, Value = next.Payload.ToByteString() },
    };
}
