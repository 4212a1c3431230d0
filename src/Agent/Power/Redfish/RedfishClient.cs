using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Power.Redfish;

/// <summary>A resource as it was read.</summary>
/// <param name="Tag">Its entity tag; empty where there is none.</param>
internal sealed record RedfishResource(string Path, JsonElement Json, string Tag);

/// <summary>
/// The HTTP side of Redfish (DSP0266): a session where the service has them, else basic authentication; tasks; refusals in
/// the service's own
/// words. Every link must stay on the BMC: the token goes nowhere else.
/// </summary>
internal sealed class RedfishClient : IAsyncDisposable
{
    private const string Root = "/redfish/v1/";
    private const string DefaultSessions = "/redfish/v1/SessionService/Sessions";
    private const int AnswerBytes = 4 << 20;
    private const int MostTaskLooks = 60;

    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan TaskPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTaskPause = TimeSpan.FromSeconds(10);

    private readonly BmcAccess access;
    private readonly TimeProvider clock;
    private readonly TlsPin pin;
    private readonly HttpClient http;
    private AuthenticationHeaderValue? basic;
    private string token = "";
    private string session = "";

    public RedfishClient(BmcAccess access, TimeProvider clock)
    {
        (this.access, this.clock, pin) = (access, clock, new(access.Bmc));
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // A redirect could lead the token elsewhere.
            UseProxy = false,
            UseCookies = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, errors) => pin.IsTrusted(certificate, errors) },
        };
        http = new(handler)
        {
            BaseAddress = new($"https://{access.Bmc.Address}"), Timeout = RequestLimit,
            MaxResponseContentBufferSize = AnswerBytes
        };
    }

    /// <summary>Logs in.</summary>
    /// <returns>The service root.</returns>
    public async Task<RedfishResource> OpenAsync(CancellationToken cancellation)
    {
        var root = await GetAsync(Root, cancellation);
        var sessions = root.Json.Text("Links", "Sessions", "@odata.id") is { Length: > 0 } link ? link : DefaultSessions;
        var body = new JsonObject { ["UserName"] = access.Bmc.Username, ["Password"] = access.Password };
        using var answer = await SendAsync(HttpMethod.Post, sessions, body, "", cancellation);
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw await RefusedAsync(answer, "the log-in", cancellation);
        if (answer.IsSuccessStatusCode && answer.Headers.TryGetValues("X-Auth-Token", out var tokens))
        {
            token = tokens.First();
            session = answer.Headers.Location is { } at ? at.IsAbsoluteUri ? at.AbsolutePath : at.OriginalString : "";
        }
        else
        {
            // No sessions, or none left: every request then shows the password itself.
            basic = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{access.Bmc.Username}:{access.Password}")));
        }
        return root;
    }

    public async Task<RedfishResource> GetAsync(string path, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, "", cancellation);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw await RefusedAsync(answer, path, cancellation);
        var json = await JsonAsync(answer, cancellation)
            ?? throw new BmcException(BmcFailure.Refused, $"the BMC's answer to {path} is no JSON object; is it a Redfish service?");
        return new(path, json, answer.Headers.ETag?.ToString() ?? json.Text("@odata.etag"));
    }

    /// <summary>Changes something, and waits for the task that the service may make of it.</summary>
    /// <param name="tag">What it was read with: the change applies to that alone; empty does not say.</param>
    public async Task ChangeAsync(HttpMethod method, string path, JsonObject body, string tag, CancellationToken cancellation)
    {
        using var answer = await SendAsync(method, path, body, tag, cancellation);
        if (!answer.IsSuccessStatusCode)
            throw await RefusedAsync(answer, path, cancellation);
        if (answer.StatusCode == HttpStatusCode.Accepted && answer.Headers.Location is { } monitor)
            await FollowAsync(monitor.IsAbsoluteUri ? monitor.PathAndQuery : monitor.OriginalString,
                answer.Headers.RetryAfter, cancellation);
    }

    /// <summary>Logs out: services have few sessions, and keep those that nobody ends for half an hour.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (session != "")
                (await SendAsync(HttpMethod.Delete, session, null, "", CancellationToken.None)).Dispose();
        }
        catch (BmcException)
        {
            // It went away, with its sessions or without: what was asked of it is answered already.
        }
        http.Dispose();
    }

    // DSP0266, 12.2: the monitor answers 202 while the task runs, and then what the request would have answered.
    private async Task FollowAsync(string monitor, RetryConditionHeaderValue? wait, CancellationToken cancellation)
    {
        for (var look = 0; look < MostTaskLooks; look++)
        {
            var pause = wait?.Delta ?? TaskPause;
            await Task.Delay(pause < LongestTaskPause ? pause : LongestTaskPause, clock, cancellation);
            using var answer = await SendAsync(HttpMethod.Get, monitor, null, "", cancellation);
            wait = answer.Headers.RetryAfter;
            if (answer.StatusCode == HttpStatusCode.Accepted)
                continue;
            // Some forget a task that is done.
            if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.NoContent)
                return;
            if (!answer.IsSuccessStatusCode)
                throw await RefusedAsync(answer, "the task", cancellation);
            switch ((await JsonAsync(answer, cancellation))?.Text("TaskState") ?? "")
            {
                case "Exception" or "Killed" or "Cancelled" or "Interrupted":
                    throw await RefusedAsync(answer, "the task", cancellation);
                case "New" or "Starting" or "Running" or "Pending" or "Service":
                    continue; // Some link the task itself instead of a monitor.
                default:
                    return;
            }
        }
        throw new BmcException(BmcFailure.Unknown, "the BMC works on it without an end");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, JsonObject? body, string tag,
        CancellationToken cancellation)
    {
        using var request = Request(method, path, body, tag);
        // What only looks, or ends our own session, leaves nothing open when its answer is lost.
        var lost = method == HttpMethod.Get || method == HttpMethod.Delete ? BmcFailure.Unreachable : BmcFailure.Unknown;
        try
        {
            return await http.SendAsync(request, cancellation);
        }
        catch (HttpRequestException failure)
        {
            var sent = failure.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError);
            throw failure.InnerException is AuthenticationException && pin.Refusal != ""
                ? new BmcException(BmcFailure.Refused, pin.Refusal, failure)
                : new BmcException(sent ? lost : BmcFailure.Unreachable,
                    $"the BMC {access.Bmc.Address} does not answer: {failure.Message}", failure);
        }
        catch (OperationCanceledException failure) when (!cancellation.IsCancellationRequested)
        {
            throw new BmcException(lost, $"the BMC {access.Bmc.Address} does not answer within {RequestLimit.TotalSeconds:0} s", failure);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, JsonObject? body, string tag)
    {
        if (!Uri.TryCreate(http.BaseAddress, path, out var url) || url.Authority != http.BaseAddress!.Authority
            || url.Scheme != Uri.UriSchemeHttps)
            throw new BmcException(BmcFailure.Refused, $"the BMC {access.Bmc.Address} links to another place: {path}");
        var request = new HttpRequestMessage(method, url) { Headers = { Authorization = basic } };
        request.Headers.Accept.Add(new("application/json"));
        request.Headers.Add("OData-Version", "4.0");
        if (token != "")
            request.Headers.Add("X-Auth-Token", token);
        if (tag != "")
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return request;
    }

    private static async Task<JsonElement?> JsonAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        try
        {
            using var document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null; // Refusals come as web pages, too.
        }
    }

    private static async Task<BmcException> RefusedAsync(HttpResponseMessage answer, string what, CancellationToken cancellation)
    {
        if (answer.StatusCode is HttpStatusCode.Unauthorized)
            return new(BmcFailure.Refused, "the BMC does not take the user name and the password");
        var words = await JsonAsync(answer, cancellation) is { } json ? RedfishWords.Of(json) : "";
        var busy = answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests;
        return new(busy ? BmcFailure.Unreachable : BmcFailure.Refused,
            $"the BMC answers {(int)answer.StatusCode} to {what}{(words == "" ? "" : ": " + words)}");
    }
}
