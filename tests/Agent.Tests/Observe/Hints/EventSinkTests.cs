using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Observe.Hints;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Talos.Api.Events;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Observe.Hints;

/// <summary>From an event of a machine to the look that it causes. The clock stands still but where it is set on.</summary>
public sealed class EventSinkTests : IAsyncLifetime
{
    private readonly IPAddress machine = IPAddress.Parse(
        $"127.{20 + (Environment.ProcessId / 250 % 40)}.{Environment.ProcessId % 250}.77");
    private readonly FakeTimeProvider clock = new();
    private readonly TemporaryDirectory directory = new();
    private readonly RefusalCounters refused = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;
    private TcpListener api = null!;
    private Journal journal = null!;
    private Observer observer = null!;
    private WebApplication sink = null!;

    public async ValueTask InitializeAsync()
    {
        api = new(machine, 0);
        api.Start();
        var config = new AgentConfig
        {
            DataDirectory = directory.Path, Address = IPAddress.Loopback, TalosPort = ((IPEndPoint)api.LocalEndpoint).Port,
        };
        journal = await Journal.OpenAsync(directory.Path, clock, cancellation);
        var (sessions, probe) = (new BootSessions(clock), new NodeProbe(config, clock));
        sessions.SetAddress(MacAddress.Parse("52:54:00:00:00:01"), machine, clock.GetUtcNow().AddHours(1));
        observer = new(config, sessions, new(new(directory.Path), sessions), probe,
            new(config, probe, clock, NullLogger<NodeWatcher>.Instance), new(journal, clock), clock, NullLogger<Observer>.Instance);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, EventSink.Listen));
        builder.Services.AddSingleton(new Senders(sessions, observer, refused, clock));
        sink = builder.Build();
        new EventSink(sink.Services.GetRequiredService<Senders>(), refused).Map(sink);
        await sink.StartAsync(cancellation);
        await observer.StartAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await observer.StopAsync(CancellationToken.None);
        observer.Dispose();
        await sink.DisposeAsync();
        await journal.DisposeAsync();
        api.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task What_a_machine_tells_of_itself_is_the_reason_of_the_next_look_at_it()
    {
        while (observer.NodeAt(machine) is null)
            await Task.Yield(); // It begins on a thread of its own.
        clock.Advance(TimeSpan.FromSeconds(1));
        // A look first finds out whether anybody listens (Knock). Then it hangs: nobody answers it, and while it hangs there is no other
        // one, whatever time passes.
        using var knock = await api.AcceptSocketAsync(cancellation);
        using var hanging = await api.AcceptSocketAsync(cancellation);
        clock.Advance(TimeSpan.FromSeconds(20));
        var second = api.AcceptSocketAsync(cancellation).AsTask();
        Assert.False(second.IsCompleted);

        using var channel = Dial();
        await new EventSinkService.EventSinkServiceClient(channel).PublishAsync(InMaintenance(), cancellationToken: cancellation);

        (await second).Dispose();
    }

    private static EventRequest InMaintenance() => new()
    {
        Id = "1",
        Data = new Any
        {
            TypeUrl = "type.googleapis.com/machine.MachineStatusEvent",
            Value = new MachineStatusEvent { Stage = MachineStatusEvent.Types.MachineStage.Maintenance }.ToByteString(),
        },
    };

    private GrpcChannel Dial() => GrpcChannel.ForAddress(sink.Urls.First(), new()
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, token) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(machine, 0));
                await socket.ConnectAsync(context.DnsEndPoint, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
        DisposeHttpClient = true,
    });
}
