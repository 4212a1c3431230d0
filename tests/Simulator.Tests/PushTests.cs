using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Cozy.Fleet.Talos;
using Cozy.Fleet.Talos.Api.Machine;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>What a node tells by itself, where its kernel's arguments and its config's documents say (talos.md 3.5, 3.6).</summary>
public sealed class PushTests
{
    [Fact]
    public async Task In_maintenance_mode_the_kernels_log_goes_where_its_arguments_say()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var rack = new TestRack("v1.6.4", 1, commandLine: $"a=b talos.logging.kernel=tcp://{listener.LocalEndpoint}");

        using var peer = await listener.AcceptSocketAsync(TestRack.Cancellation);
        using var reader = new StreamReader(new NetworkStream(peer));
        var (first, second) = (await LineAsync(reader), await LineAsync(reader));

        Assert.Equal(rack.Addresses[0], ((IPEndPoint)peer.RemoteEndPoint!).Address);
        Assert.Equal(("kern", "notice", "info"), (Text(first, "facility"), Text(first, "priority"), Text(first, "talos-level")));
        Assert.Equal(1, first.GetProperty("seq").GetInt32());
        Assert.StartsWith("Linux version", Text(first, "msg"), StringComparison.Ordinal);
        Assert.Equal(("user", "warning", "warn"), (Text(second, "facility"), Text(second, "priority"), Text(second, "talos-level")));
        Assert.True(DateTimeOffset.TryParse(Text(second, "talos-time"), out _));
    }

    [Fact]
    public async Task Over_UDP_a_line_is_a_datagram()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        await using var rack = new TestRack("v1.13.9", 1, commandLine: $"talos.logging.kernel=udp://{socket.Client.LocalEndPoint}");

        var datagram = await socket.ReceiveAsync(TestRack.Cancellation);

        Assert.Equal(rack.Addresses[0], datagram.RemoteEndPoint.Address);
        Assert.StartsWith("Linux version", Text(JsonDocument.Parse(datagram.Buffer).RootElement, "msg"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_node_tells_whom_its_documents_name_and_turns_to_another_when_they_change()
    {
        await using var first = await EventSinkDouble.StartAsync();
        await using var second = await EventSinkDouble.StartAsync();
        using var logs = new TcpListener(IPAddress.Loopback, 0);
        logs.Start();
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1, config => config + Documents(first, logs));
        await UntilAsync(first, e => e.TryUnpack<MachineStatusEvent>(out var told)
            && told is { Stage: MachineStatusEvent.Types.MachineStage.Running, Status.Ready: true });
        using (var peer = await logs.AcceptSocketAsync(TestRack.Cancellation))
            Assert.Equal(rack.Addresses[0], ((IPEndPoint)peer.RemoteEndPoint!).Address);

        var changed = rack.Machines[0].Disk.Config!.Replace(first.EndPoint, second.EndPoint, StringComparison.Ordinal);
        await TestRack.Operate(rack.Secure(0)).ApplyAsync(Encoding.UTF8.GetBytes(changed), new ApplyOptions { Mode = ApplyMode.NoReboot });
        await TestRack.Operate(rack.Secure(0)).RestartServiceAsync("kubelet");

        // What the first one has taken is not told again.
        await UntilAsync(second, e => e.TryUnpack<MachineStatusEvent>(out var told) && !told.Status.Ready);
        Assert.Equal(1, rack.Count(0, "diskboot"));
    }

    private static string Documents(EventSinkDouble sink, TcpListener logs) => $"""
        ---
        apiVersion: v1alpha1
        kind: EventSinkConfig
        endpoint: {sink.EndPoint}
        ---
        apiVersion: v1alpha1
        kind: KmsgLogConfig
        name: cozy-fleet
        url: tcp://{logs.LocalEndpoint}

        """;

    private static async Task UntilAsync(EventSinkDouble sink, Predicate<Google.Protobuf.WellKnownTypes.Any> fits)
    {
        await foreach (var (_, request) in sink.Requests.Reader.ReadAllAsync(TestRack.Cancellation))
        {
            if (fits(request.Data))
                return;
        }
    }

    private static async Task<JsonElement> LineAsync(StreamReader reader) =>
        JsonDocument.Parse((await reader.ReadLineAsync(TestRack.Cancellation))!).RootElement;

    private static string Text(JsonElement line, string key) => line.GetProperty(key).GetString()!;
}
