using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Demo.Api;

/// <summary>The context file that a coordinator writes for its operator: endpoint, CA, certificate and key, in PEM.</summary>
internal sealed record OperatorContext(Uri Endpoint, string Ca, string Certificate, string Key)
{
    public static OperatorContext Load(string file)
    {
        var stream = new YamlStream();
        using (var reader = File.OpenText(file))
            stream.Load(reader);
        var map = (YamlMappingNode)stream.Documents[0].RootNode;
        string Value(string key) => map.Children.TryGetValue(key, out var value) && value is YamlScalarNode { Value: { } text }
            ? text
            : throw new DemoFailure($"{file} has no {key}.");
        return new(new(Value("endpoint")), Value("ca"), Value("certificate"), Value("key"));
    }

    public GrpcChannel Dial() => GrpcChannel.ForAddress(Endpoint, new()
    {
        HttpHandler = new SocketsHttpHandler { SslOptions = Tls.Client(Ca, Certificate, Key), EnableMultipleHttp2Connections = true },
        DisposeHttpClient = true,
        // A coordinator that starts again must be found at once.
        MaxReconnectBackoff = TimeSpan.FromMilliseconds(500),
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(100),
    });
}

/// <summary>Mutual TLS with one private authority and nothing else.</summary>
internal static class Tls
{
    public static SslClientAuthenticationOptions Client(string ca, string certificate, string key) => new()
    {
        ClientCertificateContext = SslStreamCertificateContext.Create(
            X509Certificate2.CreateFromPem(certificate, key), null, offline: true),
        CertificateChainPolicy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { X509Certificate2.CreateFromPem(ca) },
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
    };
}
