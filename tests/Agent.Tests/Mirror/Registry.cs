using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Agent.Tests.Mirror;

/// <summary>A registry as public ones are: it wants a token for everything and gives one to everybody.</summary>
internal sealed class Registry : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, byte[]> content = new();
    private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Registry(WebApplication app) => this.app = app;

    public ConcurrentDictionary<string, string> Tags { get; } = new();

    /// <summary>Method and path of each request with a token.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Done with the first of them.</summary>
    public Task Asked => asked.Task;

    public int Tokens { get; private set; }

    public bool IsAway { get; set; }

    /// <summary>Blobs wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public Uri Url => new(app.Urls.First());

    public static async Task<Registry> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var registry = new Registry(builder.Build());
        registry.app.Run(registry.ServeAsync);
        await registry.app.StartAsync(TestContext.Current.CancellationToken);
        return registry;
    }

    /// <summary>Adds content and says its digest.</summary>
    public string Add(byte[] bytes)
    {
        var digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
        content[digest] = bytes;
        return digest;
    }

    public void Spoil(string digest) => content[digest] = [1, 2, 3];

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        var (path, response) = (context.Request.Path.Value!, context.Response);
        if (IsAway)
        {
            response.StatusCode = 503;
            return;
        }
        if (path == "/token")
        {
            Tokens++;
            await response.WriteAsync($$"""{"token":"for {{context.Request.Query["scope"]}}"}""");
            return;
        }
        if (context.Request.Headers.Authorization != "Bearer for repository:a/b:pull")
        {
            response.StatusCode = 401;
            response.Headers.WWWAuthenticate = $"Bearer realm=\"{Url}token\",service=\"test\",scope=\"repository:a/b:pull\"";
            return;
        }
        Requests.Enqueue($"{context.Request.Method} {path}");
        asked.TrySetResult();
        var last = path[(path.LastIndexOf('/') + 1)..];
        var digest = Tags.GetValueOrDefault(last, last);
        if (!content.TryGetValue(digest, out var bytes))
        {
            response.StatusCode = 404;
            return;
        }
        if (path.Contains("/blobs/", StringComparison.Ordinal))
            await Gate;
        response.Headers["Docker-Content-Digest"] = digest;
        response.ContentLength = bytes.Length;
        if (HttpMethods.IsGet(context.Request.Method))
            await response.Body.WriteAsync(bytes);
    }
}
