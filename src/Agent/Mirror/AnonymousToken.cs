using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Agent.Mirror;

/// <summary>
/// Public registries ask for a token that they give to everybody (distribution's token authentication): on a 401 it is fetched from where
/// the challenge says, kept for the challenge, and the request sent again.
/// </summary>
internal sealed partial class AnonymousToken(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly string[] Asked = ["service", "scope"];

    private readonly ConcurrentDictionary<string, string> tokens = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // The scope of a challenge is the repository: requests of one share its token.
        var place = request.RequestUri!.GetLeftPart(UriPartial.Path); // Absolute: HttpClient sees to it.
        var key = place[..Math.Max(place.LastIndexOf("/manifests/", StringComparison.Ordinal), place.LastIndexOf("/blobs/", StringComparison.Ordinal))];
        if (tokens.TryGetValue(key, out var known))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", known);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized || Challenge(response) is not { } realm)
            return response;
        response.Dispose();
        var token = await FetchAsync(realm, cancellationToken);
        tokens[key] = token;
        using var again = new HttpRequestMessage(request.Method, request.RequestUri);
        foreach (var (name, values) in request.Headers.Where(h => h.Key != "Authorization"))
            again.Headers.TryAddWithoutValidation(name, values);
        again.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await base.SendAsync(again, cancellationToken);
    }

    private static Uri? Challenge(HttpResponseMessage response)
    {
        var bearer = response.Headers.WwwAuthenticate.FirstOrDefault(c => c.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase));
        var said = Parameter().Matches(bearer?.Parameter ?? "").ToLookup(m => m.Groups[1].Value, m => m.Groups[2].Value);
        if (said["realm"].FirstOrDefault() is not { } realm)
            return null;
        var query = string.Join('&', Asked.Where(said.Contains).Select(name => $"{name}={Uri.EscapeDataString(said[name].First())}"));
        return Uri.TryCreate($"{realm}?{query}", UriKind.Absolute, out var url) ? url : null;
    }

    private async Task<string> FetchAsync(Uri realm, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, realm);
        using var response = await base.SendAsync(request, cancellation);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        using var json = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
        return json.RootElement.TryGetProperty("token", out var token) || json.RootElement.TryGetProperty("access_token", out token)
            ? token.GetString() ?? "" : throw new HttpRequestException($"{realm.GetLeftPart(UriPartial.Path)} gave no token");
    }

    [GeneratedRegex("([a-z]+)=\"([^\"]*)\"")]
    private static partial Regex Parameter();
}
