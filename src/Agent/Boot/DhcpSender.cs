using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>A client's message as it came in, with the socket that answers it.</summary>
/// <param name="BootService">It came in on port 4011.</param>
internal sealed record Incoming(Socket Socket, DhcpRequest Request, IPEndPoint Source, bool BootService, BootSession? Session);

/// <summary>Sends replies where they belong.</summary>
internal sealed class DhcpSender(AgentConfig config) : IDisposable
{
    private static readonly IPEndPoint Everybody = new(IPAddress.Broadcast, 68);

    private readonly LinkSender? link = config.Interface != "" ? new(config.Interface, config.Address) : null;

    /// <param name="port">The port that clients know the server by.</param>
    public void Send(Incoming incoming, DhcpReply reply, int port)
    {
        var (socket, request, source, bootService, _) = incoming;
        Span<byte> buffer = stackalloc byte[1500];
        var payload = buffer[..reply.Write(request, buffer)];
        switch (ReplyDestination.Choose(request, reply, source, bootService))
        {
            case ReplyDestination.Unicast unicast:
                socket.SendTo(payload, unicast.EndPoint);
                break;
            case ReplyDestination.Link to when link is not null:
                link.Send(payload, port, to.Mac, to.EndPoint);
                break;
            default:
                socket.SendTo(payload, Everybody);
                break;
        }
    }

    public void Dispose() => link?.Dispose();
}
