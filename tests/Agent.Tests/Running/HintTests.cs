using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Cozy.Fleet.Simulator.Firmware;
using Cozy.Fleet.Talos.Api.Events;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>The agent's event sink and kernel log, as machines with a lease and as strangers meet them.</summary>
public sealed partial class HintTests
{
    private const string Mac = "52:54:00:00:00:01";

    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_with_a_lease_is_heard_and_a_stranger_is_refused_and_counted()
    {
        using var rack = new LoopbackAgent().Write();
        await using var agent = await rack.StartAsync();
        var sink = new Uri(SinkPattern().Match(agent.Output).Groups[1].Value);
        using var stranger = Dial(sink, IPAddress.Parse("127.0.0.1"));
        var refusal = await Assert.ThrowsAsync<RpcException>(() => PublishAsync(stranger, Status()));
        Assert.NotEqual(StatusCode.OK, refusal.StatusCode);

        var leased = Assert.IsType<BootSource.Disk>(await rack.BootAsync(agent, Mac)).Address;
        using var machine = Dial(sink, leased);
        await PublishAsync(machine, Status());
        var unreadable = await Assert.ThrowsAsync<RpcException>(() => PublishAsync(machine, new() { Id = new string('x', 100_000) }));

        Assert.Equal(StatusCode.InvalidArgument, unreadable.StatusCode);
        await SendLinesAsync(agent, leased, "{\"msg\":\"one\"}\nnot json\n{\"msg\":\"two\"}\n");
        await SendLinesAsync(agent, IPAddress.Parse("127.0.0.1"), "");
        var metrics = await MetricsAsync(agent);
        Assert.Contains("refused_total{reason=\"events/unknown-address\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("refused_total{reason=\"events/unreadable\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("refused_total{reason=\"kernel-log/unknown-address\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("refused_total{reason=\"kernel-log/unreadable\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sink_serves_no_boot_files_and_the_boot_port_takes_no_events()
    {
        using var rack = new LoopbackAgent().Write();
        await using var agent = await rack.StartAsync();
        using var http = new HttpClient();

        var answer = await http.PostAsync(new Uri(agent.Http, "events.EventSinkService/Publish"), new ByteArrayContent([]), cancellation);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private async Task PublishAsync(GrpcChannel channel, EventRequest request) =>
        await new EventSinkService.EventSinkServiceClient(channel).PublishAsync(request, cancellationToken: cancellation);

    // Returns when the agent has closed the connection or read everything: our end of it is closed first.
    private async Task SendLinesAsync(AgentProcess agent, IPAddress from, string lines)
    {
        var match = KernelPattern().Match(agent.Output);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(IPAddress.Parse(match.Groups[1].Value), int.Parse(match.Groups[2].ValueSpan), cancellation);
        if (lines != "")
            await socket.SendAsync(Encoding.UTF8.GetBytes(lines), cancellation);
        socket.Shutdown(SocketShutdown.Send);
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1], cancellation));
        }
        catch (SocketException reset)
        {
            Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        }
    }

    private async Task<string> MetricsAsync(AgentProcess agent)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(agent.Http, "metrics"), cancellation);
    }

    private static EventRequest Status() => new()
    {
        Id = "1",
        Data = new Any
        {
            TypeUrl = "type.googleapis.com/machine.MachineStatusEvent",
            Value = new MachineStatusEvent { Stage = MachineStatusEvent.Types.MachineStage.Running }.ToByteString(),
        },
    };

    private static GrpcChannel Dial(Uri sink, IPAddress from) => GrpcChannel.ForAddress(sink, new()
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, token) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(context.DnsEndPoint, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
        DisposeHttpClient = true,
    });

    [GeneratedRegex(@"events are taken at (\S+)")]
    private static partial Regex SinkPattern();

    [GeneratedRegex(@"kernel logs are taken at (\S+) port (\d+)")]
    private static partial Regex KernelPattern();
}
