using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Cozy.Fleet.Agent.Tests.Images;

/// <summary>
/// A server of files that does what servers and lines do: it breaks off, ignores ranges, loses tags, changes its files. On bare sockets, so
/// that exactly the bytes before a break arrive.
/// </summary>
internal sealed class FileServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2? certificate;
    private Task serving = Task.CompletedTask;

    private FileServer(X509Certificate2? certificate) => this.certificate = certificate;

    public byte[] Content { get; set; } = [];

    /// <summary>The entity tag; empty for none.</summary>
    public string Tag { get; set; } = "\"one\"";

    public bool IgnoresRanges { get; set; }

    public bool HidesLength { get; set; }

    public string Status { get; set; } = "200 OK";

    /// <summary>After so many bytes each connection breaks, one number for each request; then they last.</summary>
    public ConcurrentQueue<int> Cuts { get; } = new();

    /// <summary>Asked before each answer; the answer waits for it.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    /// <summary>The Range of each request, as it came.</summary>
    public ConcurrentQueue<string> Ranges { get; } = new();

    public Uri Url => new($"{(certificate is null ? "http" : "https")}://{listener.LocalEndpoint}/kernel-amd64");

    public static Task<FileServer> StartAsync(byte[] content, bool tls = false)
    {
        var server = new FileServer(tls ? SelfSigned() : null) { Content = content };
        server.listener.Start();
        server.serving = server.AcceptAsync();
        return Task.FromResult(server);
    }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
        listener.Dispose();
        certificate?.Dispose();
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync());
            }
            catch (Exception end) when (end is SocketException or InvalidOperationException)
            {
                return; // Stopped.
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using Stream stream = certificate is null ? client.GetStream() : await SecureAsync(client.GetStream(), certificate);
                await AnswerAsync(stream, await RequestAsync(stream));
                client.Client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception broken) when (broken is IOException or SocketException or System.Security.Authentication.AuthenticationException)
            {
                // The client hung up.
            }
        }
    }

    private static async Task<Stream> SecureAsync(Stream stream, X509Certificate2 certificate)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(certificate);
        return tls;
    }

    private static async Task<Dictionary<string, string>> RequestAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            if (line.Split(": ", 2) is [var name, var value])
                headers[name] = value;
        }
        return headers;
    }

    private async Task AnswerAsync(Stream stream, Dictionary<string, string> request)
    {
        var range = request.GetValueOrDefault("Range", "");
        Ranges.Enqueue(range);
        await Before();
        var (content, from) = (Content, Start(request, range));
        var (status, place) = (Status, "");
        if (status == "200 OK" && from > 0)
        {
            (status, place) = from < content.Length
                ? ("206 Partial Content", $"Content-Range: bytes {from}-{content.Length - 1}/{content.Length}\r\n")
                : ("416 Range Not Satisfiable", $"Content-Range: bytes */{content.Length}\r\n");
        }
        var body = status[0] == '2' ? content.AsMemory(from) : default;
        var length = HidesLength ? "" : $"Content-Length: {body.Length}\r\n";
        var head = $"HTTP/1.1 {status}\r\nConnection: close\r\n{(Tag == "" ? "" : $"ETag: {Tag}\r\n")}{place}{length}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(Cuts.TryDequeue(out var cut) ? body[..Math.Min(cut, body.Length)] : body);
    }

    private int Start(Dictionary<string, string> request, string range) =>
        IgnoresRanges || range == "" || request.GetValueOrDefault("If-Range", Tag) != Tag
            ? 0
            : int.Parse(range.Split('=', '-')[1], CultureInfo.InvariantCulture);
}
