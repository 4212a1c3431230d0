using System.Net;
using System.Net.Sockets;
using System.Text;
using Cozy.Fleet.Agent.Boot;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Agent.Tests.Boot;

/// <summary>Files through a real server to clients that read as they like.</summary>
public sealed class FileOutputTests : IAsyncLifetime
{
    private const int Length = 20_000_003; // More than a connection's buffers hold, and no multiple of anything.

    private const string Text = "a few words";

    private readonly TemporaryDirectory directory = new();
    private readonly TaskCompletionSource<long> sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication app = null!; // As soon as the test begins.

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        using (var file = File.Create(directory["file"]))
        {
            for (var i = 0; i < Length; i++)
                file.WriteByte(ByteAt(i));
        }
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        FileOutput.AddTo(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        app = builder.Build();
        app.MapGet("/file", async context => sent.TrySetResult(await FileBody.ServeAsync(context, directory["file"], "tag")));
        app.MapGet("/text", context =>
        {
            context.Response.ContentLength = Text.Length;
            return context.Response.WriteAsync(Text, Cancellation);
        });
        await app.StartAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_client_that_stops_reading_in_between_gets_every_byte_in_its_place_and_so_does_what_follows()
    {
        using var client = await ConnectAsync();
        await AskAsync(client, "/text", "/file", "/text", "/file");

        foreach (var _ in new[] { 1, 2 })
        {
            await ExpectAsync(client, Text.Length, i => (byte)Text[i]);
            await ExpectAsync(client, Length, ByteAt);
        }
        Assert.Equal(Length, await sent.Task);
    }

    [Fact]
    public async Task A_client_that_hangs_up_has_not_got_the_file()
    {
        using (var client = await ConnectAsync())
        {
            await AskAsync(client, "/file");
            await client.ReceiveAsync(new byte[1000], Cancellation);
            client.LingerState = new(true, 0); // A reset, as by a machine that lost its power and is asked again.
        }

        Assert.InRange(await sent.Task.WaitAsync(Cancellation), 0, Length - 1);
    }

    [Fact]
    public async Task A_file_that_became_shorter_ends_the_connection()
    {
        using var client = await ConnectAsync();
        await AskAsync(client, "/file");
        await client.ReceiveAsync(new byte[1000], Cancellation); // It is being served.
        using (var file = File.OpenHandle(directory["file"], access: FileAccess.Write))
            RandomAccess.SetLength(file, 10);

        var rest = 0L;
        var buffer = new byte[1 << 20];
        while (await client.ReceiveAsync(buffer, Cancellation) is > 0 and var count)
            rest += count;

        Assert.InRange(rest, 0, Length - 1);
        Assert.False(sent.Task.IsCompleted);
    }

    private async Task<Socket> ConnectAsync()
    {
        var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(IPAddress.Loopback, address.Port, Cancellation);
        return client;
    }

    private static async Task AskAsync(Socket client, params string[] paths)
    {
        foreach (var path in paths)
            await client.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"), Cancellation);
    }

    // Reads a head byte by byte, and of the body whatever is there; nobody holds the whole of it.
    private static async Task ExpectAsync(Socket client, int length, Func<int, byte> byteAt)
    {
        var head = new StringBuilder();
        var buffer = new byte[100_000];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append((char)(await client.ReceiveAsync(buffer.AsMemory(0, 1), Cancellation) == 1 ? buffer[0] : throw new EndOfStreamException()));
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head.ToString(), StringComparison.Ordinal);
        Assert.Contains($"Content-Length: {length}\r\n", head.ToString(), StringComparison.Ordinal);
        for (var at = 0; at < length;)
        {
            var count = await client.ReceiveAsync(buffer.AsMemory(0, Math.Min(buffer.Length, length - at)), Cancellation);
            Assert.Equal((at, true), (at, count > 0));
            for (var i = 0; i < count; i++, at++)
            {
                if (buffer[i] != byteAt(at))
                    Assert.Fail($"byte {at} is another one");
            }
        }
    }

    private static byte ByteAt(int place) => (byte)((place * 2654435761L) >> 13);
}
