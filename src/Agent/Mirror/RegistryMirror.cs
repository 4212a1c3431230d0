using System.Text.Json;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Images;

namespace Cozy.Fleet.Agent.Mirror;

/// <summary>
/// A read-only registry beside the boot files: the pull part of the OCI distribution specification. A client that gets no answer here
/// goes on to the registry itself, as containerd does.
/// </summary>
internal sealed partial class RegistryMirror(AgentConfig config, MirrorContent content, RefusalCounters refused, ILogger<RegistryMirror> log)
{
    public void Map(IEndpointRouteBuilder app)
    {
        if (config.Upstreams.Count > 0)
            app.Map("/v2/{**path}", ServeAsync);
    }

    private async Task ServeAsync(HttpContext context)
    {
        var (request, text) = (context.Request, context.Request.RouteValues["path"] as string ?? "");
        context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
            await RefuseAsync(context, 405, "UNSUPPORTED", "this mirror is read-only");
        else if (text == "")
            await WriteAsync(context, "{}"u8.ToArray(), "application/json");
        else if (PullPath.Read(text) is not { } path)
            await RefuseAsync(context, 404, "NAME_UNKNOWN", "this is neither a manifest nor a blob with a SHA-256 digest");
        else if (UpstreamOf(request.Query["ns"].ToString()) is not { } upstream)
            await RefuseAsync(context, 404, "NAME_UNKNOWN", "that registry is not mirrored here");
        else
            await PullAsync(context, upstream, path);
    }

    // containerd names the registry that it mirrors; who does not can only mean the only one.
    private Upstream? UpstreamOf(string name) =>
        name == "" && config.Upstreams.Count == 1 ? config.Upstreams[0] : config.Upstreams.FirstOrDefault(u => u.Name == name);

    private async Task PullAsync(HttpContext context, Upstream upstream, PullPath path)
    {
        var cancellation = context.RequestAborted;
        try
        {
            if (path.Sha256 == "")
                path = path with { Sha256 = await ResolveAsync(context, upstream, path) };
            var file = await content.FileAsync(upstream, path, cancellation);
            context.Response.Headers["Docker-Content-Digest"] = $"sha256:{path.Sha256}";
            if (!path.IsManifest)
                await FileBody.ServeAsync(context, file, path.Sha256);
            else
                await ServeManifestAsync(context, await File.ReadAllBytesAsync(file, cancellation));
        }
        catch (DownloadRefusedException failure)
        {
            LogRefused(upstream.Name, path.Repository, failure.Message);
            await RefuseAsync(context, failure.IsMissing ? 404 : 503, path.IsManifest ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN", failure.Message);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or TimeoutException or DigestMismatchException)
        {
            LogRefused(upstream.Name, path.Repository, failure.Message);
            await RefuseAsync(context, 502, "UNAVAILABLE", $"{upstream.Name}: {failure.Message}");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The client hung up; who else waits for the same gets it.
        }
    }

    private async Task<string> ResolveAsync(HttpContext context, Upstream upstream, PullPath path)
    {
        var answer = await content.ResolveAsync(upstream, path, context.RequestAborted);
        if (answer.IsStale)
        {
            LogStale(upstream.Name, path.Repository, path.Reference, answer.Sha256);
            context.Response.Headers.Warning = $"110 - \"{upstream.Name} is away; the tag is as it was last\""; // RFC 7234 5.5.1
        }
        return answer.Sha256;
    }

    private Task ServeManifestAsync(HttpContext context, byte[] manifest)
    {
        if (MediaType(manifest) is { } type)
            return WriteAsync(context, manifest, type);
        return RefuseAsync(context, 502, "MANIFEST_INVALID", "what the registry has there is not a manifest");
    }

    // A manifest says its type itself; of the OCI ones, where that is left to choice, the members tell.
    private static string? MediaType(byte[] manifest)
    {
        try
        {
            using var json = JsonDocument.Parse(manifest);
            return json.RootElement.ValueKind != JsonValueKind.Object ? null
                : json.RootElement.TryGetProperty("mediaType", out var type) && type.ValueKind == JsonValueKind.String
                    && MediaTypes.Contains(type.GetString()) ? type.GetString()
                : json.RootElement.TryGetProperty("manifests", out _) ? MediaTypes[0]
                : json.RootElement.TryGetProperty("config", out _) ? MediaTypes[1]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static readonly string[] MediaTypes =
    [
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
    ];

    private async Task RefuseAsync(HttpContext context, int status, string code, string message)
    {
        refused.Count($"mirror/{code.ToLowerInvariant().Replace('_', '-')}");
        if (context.Response.HasStarted)
        {
            context.Abort(); // Half a blob must not look like a whole one.
            return;
        }
        context.Response.StatusCode = status;
        var body = $$"""{"errors":[{"code":"{{code}}","message":"{{JsonEncodedText.Encode(message)}}"}]}""";
        await WriteAsync(context, System.Text.Encoding.UTF8.GetBytes(body), "application/json");
    }

    private static async Task WriteAsync(HttpContext context, byte[] body, string type)
    {
        (context.Response.ContentType, context.Response.ContentLength) = (type, body.Length);
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Warning, "{Upstream} is away: {Repository}:{Tag} is served as it was last, sha256:{Sha256}")]
    private partial void LogStale(string upstream, string repository, string tag, string sha256);

    [LoggerMessage(LogLevel.Warning, "{Upstream}/{Repository} cannot be served: {Error}")]
    private partial void LogRefused(string upstream, string repository, string error);
}
