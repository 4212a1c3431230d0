using System.Net;
using System.Text;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Mirror;
using Cozy.Fleet.Agent.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cozy.Fleet.Agent.Tests.Mirror;

/// <summary>The mirror between a registry of the test's own and curl or an HTTP client.</summary>
public sealed class RegistryMirrorTests : IAsyncLifetime
{
    private const string ManifestText = """{"schemaVersion":2,"config":{},"layers":[]}""";
    private const string Type = "application/vnd.oci.image.manifest.v1+json";
    private static readonly byte[] Layer = [.. Enumerable.Range(0, 500_000).Select(i => (byte)(i * 13))];

    private readonly TemporaryDirectory directory = new();
    private readonly HttpClient http = new();
    private Registry registry = null!;
    private WebApplication mirror = null!;
    private MirrorContent content = null!;
    private string layer = "";
    private string manifest = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        registry = await Registry.StartAsync();
        layer = registry.Add(Layer);
        manifest = registry.Add(Encoding.UTF8.GetBytes(ManifestText));
        registry.Tags["v1"] = manifest;
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await registry.DisposeAsync();
        http.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Forty_concurrent_pulls_cost_one_download()
    {
        var gate = new TaskCompletionSource();
        registry.Gate = gate.Task;
        var urls = Enumerable.Range(0, 40).SelectMany(i => new[] { "-o", directory[$"out-{i}"], Url($"a/b/blobs/{layer}?ns=test.io") });
        var pulls = Tool.RunAsync(["curl", "-sSf", "-Z", "--parallel-immediate", "--parallel-max", "40", .. urls]);
        // A curl that fails before it asks must not be waited for.
        await Task.WhenAny(registry.Asked, pulls);
        gate.SetResult();

        Assert.Equal(0, (await pulls).Code);
        Assert.Equal([$"GET /v2/a/b/blobs/{layer}"], registry.Requests);
        for (var i = 0; i < 40; i++)
            Assert.Equal(Layer, await File.ReadAllBytesAsync(directory[$"out-{i}"], Token));
    }

    [Fact]
    public async Task A_pull_as_containerd_does_it()
    {
        Assert.Equal("{}", await http.GetStringAsync(new Uri(Url("")), Token));

        using var head = await SendAsync(HttpMethod.Head, "a/b/manifests/v1?ns=test.io");
        using var byTag = await SendAsync(HttpMethod.Get, "a/b/manifests/v1?ns=test.io");
        using var byDigest = await SendAsync(HttpMethod.Get, $"a/b/manifests/{manifest}?ns=test.io");
        using var blob = await SendAsync(HttpMethod.Head, $"a/b/blobs/{layer}?ns=test.io");

        Assert.Equal((HttpStatusCode.OK, ManifestText.Length, Type, manifest), Seen(head));
        Assert.Equal((ManifestText, manifest, Type), (await TextAsync(byTag), Seen(byTag).Digest, Seen(byTag).Type));
        Assert.Equal(ManifestText, await TextAsync(byDigest));
        Assert.Equal((HttpStatusCode.OK, Layer.Length, layer), (blob.StatusCode, Seen(blob).Length, Seen(blob).Digest));
        Assert.Equal(1, registry.Tokens);
    }

    [Fact]
    public async Task A_range_of_a_blob_is_served_and_nothing_is_fetched_again_after_a_restart()
    {
        using (await SendAsync(HttpMethod.Get, $"a/b/blobs/{layer}"))
            await RestartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, Url($"a/b/blobs/{layer}"));
        request.Headers.Range = new(499_990, null);

        using var response = await http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(Layer[499_990..], await response.Content.ReadAsByteArrayAsync(Token));
        Assert.Single(registry.Requests);
    }

    [Fact]
    public async Task A_tag_that_moved_is_followed()
    {
        using (await SendAsync(HttpMethod.Get, "a/b/manifests/v1"))
            registry.Tags["v1"] = registry.Add("""{"schemaVersion":2,"manifests":[]}"""u8.ToArray());

        using var moved = await SendAsync(HttpMethod.Get, "a/b/manifests/v1");

        Assert.Equal((registry.Tags["v1"], "application/vnd.oci.image.index.v1+json"), (Seen(moved).Digest, Seen(moved).Type));
    }

    [Fact]
    public async Task With_the_registry_away_what_is_here_is_served_and_it_is_said()
    {
        using (await SendAsync(HttpMethod.Get, "a/b/manifests/v1"))
            await RestartAsync();
        registry.IsAway = true;

        using var stale = await SendAsync(HttpMethod.Get, "a/b/manifests/v1");
        using var missing = await SendAsync(HttpMethod.Get, $"a/b/blobs/{layer}");

        Assert.Equal((HttpStatusCode.OK, manifest), (stale.StatusCode, Seen(stale).Digest));
        Assert.Equal("110 - \"test.io is away; the tag is as it was last\"", stale.Headers.GetValues("Warning").Single());
        Assert.Equal(HttpStatusCode.BadGateway, missing.StatusCode);
        Assert.Contains("answers 503 Service Unavailable", await TextAsync(missing), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_with_another_digest_is_never_served()
    {
        registry.Spoil(layer);

        using var response = await SendAsync(HttpMethod.Get, $"a/b/blobs/{layer}");

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Empty(Directory.GetFiles(directory["mirror"]));
    }

    [Theory]
    [InlineData("a/b/manifests/v2", 404, "MANIFEST_UNKNOWN")]
    [InlineData("a/b/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000", 404, "BLOB_UNKNOWN")]
    [InlineData("a/b/manifests/v1?ns=elsewhere.io", 404, "NAME_UNKNOWN")]
    [InlineData("a/b/tags/list", 404, "NAME_UNKNOWN")]
    [InlineData("a/b/blobs/sha256:..%2f..%2fleases.log", 404, "NAME_UNKNOWN")]
    [InlineData("A/b/manifests/v1", 404, "NAME_UNKNOWN")]
    public async Task What_is_not_here_is_a_registrys_error(string path, int status, string code)
    {
        using var response = await SendAsync(HttpMethod.Get, path);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.StartsWith($$"""{"errors":[{"code":"{{code}}",""", await TextAsync(response), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_can_be_pushed()
    {
        using var response = await SendAsync(HttpMethod.Put, "a/b/manifests/v1");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    [Fact]
    public async Task The_mirror_is_bounded_and_what_was_not_used_for_the_longest_time_goes()
    {
        var others = Enumerable.Range(1, 3).Select(i => registry.Add([.. Layer.Select(b => (byte)(b + i))])).ToArray();
        foreach (var digest in others.Prepend(layer))
        {
            using var response = await SendAsync(HttpMethod.Get, $"a/b/blobs/{digest}");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(others[1..].Select(d => d[7..]).Order(), Directory.GetFiles(directory["mirror"]).Select(Path.GetFileName).Order());
    }

    private string Url(string path) => $"{mirror.Urls.First()}/v2/{path}";

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path) => http.SendAsync(new HttpRequestMessage(method, Url(path)), Token);

    private static Task<string> TextAsync(HttpResponseMessage response) => response.Content.ReadAsStringAsync(Token);

    private static (HttpStatusCode Status, int Length, string? Type, string Digest) Seen(HttpResponseMessage response) => (
        response.StatusCode, (int)(response.Content.Headers.ContentLength ?? -1), response.Content.Headers.ContentType?.MediaType,
        response.Headers.GetValues("Docker-Content-Digest").Single());

    private async Task StartAsync()
    {
        var config = new AgentConfig { DataDirectory = directory.Path, Upstreams = [new("test.io", registry.Url)], MirrorLimit = 1_200_000 };
        content = new(config, TimeProvider.System);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        FileOutput.AddTo(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        mirror = builder.Build();
        new RegistryMirror(config, content, new RefusalCounters(), NullLogger<RegistryMirror>.Instance).Map(mirror);
        await mirror.StartAsync(Token);
    }

    private async Task StopAsync()
    {
        await mirror.StopAsync(new CancellationToken(canceled: true));
        await mirror.DisposeAsync();
        content.Dispose();
    }

    private async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }
}
