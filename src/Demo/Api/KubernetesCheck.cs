using System.Text;
using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Demo.Api;

/// <summary>A Node as the cluster's API server lists it.</summary>
internal sealed record KubernetesNode(string Name, bool Ready, string OsImage, string KubeletVersion);

/// <summary>Uses a kubeconfig as kubectl would: is the API server ready, and which nodes does it know?</summary>
internal static class KubernetesCheck
{
    public static async Task<IReadOnlyList<KubernetesNode>> RunAsync(string kubeconfig, CancellationToken cancellation)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(kubeconfig));
        var root = stream.Documents[0].RootNode;
        var (cluster, user) = (root["clusters"][0]["cluster"], root["users"][0]["user"]);
        var tls = Tls.Client(
            Pem(cluster, "certificate-authority-data"), Pem(user, "client-certificate-data"), Pem(user, "client-key-data"));
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = tls })
        {
            BaseAddress = new(((YamlScalarNode)cluster["server"]).Value!),
            Timeout = TimeSpan.FromSeconds(15),
        };
        try
        {
            if (await http.GetStringAsync("/readyz", cancellation) is not "ok" and var answer)
                throw new DemoFailure($"The API server at {http.BaseAddress} answers '{answer}' to /readyz instead of ok.");
            using var nodes = JsonDocument.Parse(await http.GetStringAsync("/api/v1/nodes", cancellation));
            return [.. nodes.RootElement.GetProperty("items").EnumerateArray().Select(Node)];
        }
        catch (HttpRequestException failure)
        {
            throw new DemoFailure(
                $"The API server at {http.BaseAddress} cannot be used with the kubeconfig: {failure.Message}", cause: failure);
        }
    }

    private static string Pem(YamlNode map, string key) =>
        Encoding.ASCII.GetString(Convert.FromBase64String(((YamlScalarNode)map[key]).Value!));

    private static KubernetesNode Node(JsonElement node)
    {
        var (status, info) = (node.GetProperty("status"), node.GetProperty("status").GetProperty("nodeInfo"));
        var ready = status.GetProperty("conditions").EnumerateArray().Any(c =>
            c.GetProperty("type").GetString() == "Ready" && c.GetProperty("status").GetString() == "True");
        return new(node.GetProperty("metadata").GetProperty("name").GetString() ?? "", ready,
            info.GetProperty("osImage").GetString() ?? "", info.GetProperty("kubeletVersion").GetString() ?? "");
    }
}
