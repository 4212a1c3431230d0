using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cozy.Fleet.MachineConfig;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>Talks to an API server as kubectl would, with what a kubeconfig holds.</summary>
internal sealed partial class KubernetesApiClient : IDisposable
{
    private readonly HttpClient http;

    private KubernetesApiClient(string server, string ca, string certificate, string key)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate,
            key), null, offline: true);
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { X509Certificate2.CreateFromPem(ca) },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        http = new(handler) { BaseAddress = new(server) };
    }

    public static KubernetesApiClient From(string kubeconfig) => new(
        Value(kubeconfig, "server"), Pem(kubeconfig, "certificate-authority-data"), Pem(kubeconfig, "client-certificate-data"),
        Pem(kubeconfig, "client-key-data"));

    /// <summary>With a certificate of the cluster's secrets, against one control plane.</summary>
    public static KubernetesApiClient For(TestRack rack)
    {
        var issued = Credentials.Kubernetes(TestRack.Secrets, "admin", TimeSpan.FromHours(1), TimeProvider.System.GetUtcNow());
        return From(Credentials.Kubeconfig(TestRack.Secrets, "rack", new($"https://{rack.Addresses[0]}:6443"), issued));
    }

    public Task<string> TextAsync(string path) => http.GetStringAsync(path, TestRack.Cancellation);

    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await TextAsync(path))!;

    public async Task<(HttpStatusCode Status, JsonNode Body)> SendAsync(HttpMethod method, string path, JsonObject body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body.ToJsonString()) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(method == HttpMethod.Patch ? "application/merge-patch+json"
            : "application/json");
        using var response = await http.SendAsync(request, TestRack.Cancellation);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(TestRack.Cancellation))!);
    }

    public void Dispose() => http.Dispose();

    private static string Pem(string kubeconfig, string key) => Encoding.ASCII.GetString(Convert.FromBase64String(Value(kubeconfig, key)));

    private static string Value(string kubeconfig, string key) =>
        Entries().Matches(kubeconfig).First(m => m.Groups[1].Value == key).Groups[2].Value;

    [GeneratedRegex(@"([a-z-]+): (\S+)")]
    private static partial Regex Entries();
}
