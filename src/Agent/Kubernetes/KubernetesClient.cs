using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Kubernetes;

/// <summary>
/// The few calls to a cluster's API server that a node operation needs, with the client certificate of one order. Written by hand:
/// the general client weighs 20 MB in the agent (dotnet-facts.md 8).
/// </summary>
internal sealed class KubernetesClient : IDisposable
{
    private readonly X509Certificate2 ca;
    private readonly X509Certificate2 certificate;
    private readonly HttpClient http;
    private readonly Uri[] endpoints;

    public KubernetesClient(KubernetesCredential credential)
    {
        ca = X509Certificate2.CreateFromPem(credential.Ca);
        certificate = X509Certificate2.CreateFromPem(credential.Certificate, credential.Key);
        endpoints = [.. credential.Endpoints.Select(e => new Uri(e))];
        http = new(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(3),
            SslOptions =
            {
                ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
                CertificateChainPolicy = new()
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { ca },
                    RevocationMode = X509RevocationMode.NoCheck,
                    DisableCertificateDownloads = true,
                },
            },
        })
        {
            Timeout = TimeSpan.FromSeconds(10),
        };
    }

    public Task<KubernetesAnswer> GetAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, null, "", cancellation);

    /// <summary>A JSON merge patch (RFC 7386).</summary>
    public Task<KubernetesAnswer> PatchAsync(string path, JsonObject patch, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json", cancellation);

    public Task<KubernetesAnswer> PostAsync(string path, JsonObject body, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, path, body, "application/json", cancellation);

    public Task<KubernetesAnswer> DeleteAsync(string path, JsonObject options, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Delete, path, options, "application/json", cancellation);

    public void Dispose()
    {
        http.Dispose();
        certificate.Dispose();
        ca.Dispose();
    }

    // The endpoints stand for one API: the next one is asked when one does not answer, as while its node reboots.
    private async Task<KubernetesAnswer> SendAsync(
        HttpMethod method, string path, JsonObject? body, string contentType, CancellationToken cancellation)
    {
        HttpRequestException? last = null;
        foreach (var endpoint in endpoints)
        {
            try
            {
                using var request = new HttpRequestMessage(method, new Uri(endpoint, path));
                if (body is not null)
                    request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, contentType);
                using var response = await http.SendAsync(request, cancellation);
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
                    throw new HttpRequestException($"{endpoint} is not ready");
                var text = await response.Content.ReadAsStringAsync(cancellation);
                return new(response.StatusCode, Parse(text), RetryAfter(response.Headers));
            }
            catch (HttpRequestException failure)
            {
                last = failure;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                last = new($"{endpoint} does not answer");
            }
        }
        throw last ?? new HttpRequestException("no endpoint of the Kubernetes API is known");
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null; // A proxy's error page; the status code says enough.
        }
    }

    private static TimeSpan? RetryAfter(HttpResponseHeaders headers) => headers.RetryAfter?.Delta;
}

/// <summary>An answer of the API server.</summary>
internal sealed record KubernetesAnswer(HttpStatusCode Status, JsonNode? Body, TimeSpan? RetryAfter)
{
    public bool Succeeded => (int)Status is >= 200 and < 300;

    public string Message => Body?["message"]?.ToString() is { Length: > 0 } message ? message : Status.ToString();
}
