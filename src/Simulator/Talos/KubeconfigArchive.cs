using System.IO.Compression;
using System.Text;
using Cozy.Fleet.Pki;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>The Kubeconfig call's answer: gzip around a tar with one entry and no trailer (talos.md 1.3).</summary>
internal static class KubeconfigArchive
{
    public static byte[] Make(NodeConfig config, DateTimeOffset now)
    {
        var credential = CertificateAuthority.FromPem(config.KubernetesCaCertificate, config.KubernetesCaKey)
            .Issue(new LeafRequest("admin", ["system:masters"], now, TimeSpan.FromDays(365)));
        var content = Encoding.UTF8.GetBytes(
            $"""
            apiVersion: v1
            kind: Config
            clusters:
              - name: {config.ClusterName}
                cluster:
                  server: {config.Endpoint.GetLeftPart(UriPartial.Authority)}
                  certificate-authority-data: {Base64(config.KubernetesCaCertificate)}
            users:
              - name: admin@{config.ClusterName}
                user:
                  client-certificate-data: {Base64(credential.Certificate)}
                  client-key-data: {Base64(credential.Key)}
            contexts:
              - name: admin@{config.ClusterName}
                context:
                  cluster: {config.ClusterName}
                  namespace: default
                  user: admin@{config.ClusterName}
            current-context: admin@{config.ClusterName}

            """);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Header(content.Length));
            gzip.Write(content);
        }
        return packed.ToArray();
    }

    // A ustar header (POSIX 1003.1): name, mode, size, checksum.
    private static byte[] Header(int size)
    {
        var header = new byte[512];
        Encoding.ASCII.GetBytes("kubeconfig", header.AsSpan());
        Encoding.ASCII.GetBytes("0000600\0", header.AsSpan(100));
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0') + "\0", header.AsSpan(124));
        Encoding.ASCII.GetBytes("        ", header.AsSpan(148));
        header[156] = (byte)'0';
        Encoding.ASCII.GetBytes("ustar\000", header.AsSpan(257));
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(b => b), 8).PadLeft(6, '0') + "\0 ", header.AsSpan(148));
        return header;
    }

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
