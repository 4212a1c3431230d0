using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Pki;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Secrets;

/// <summary>PEM in YAML: base64 of the text in bundles and in the v1alpha1 document, the text itself in newer documents.</summary>
internal static class PemText
{
    /// <exception cref="FormatException">It is neither PEM nor base64 of PEM.</exception>
    public static string Read(YamlPlace place)
    {
        var text = place.Text();
        return Plain(text) ?? Plain(FromBase64(text)) ?? throw place.Refuse("is not PEM in base64");
    }

    public static YamlMappingNode Pair(CertificateAndKey pair) =>
        Yaml.Map(("crt", Yaml.Base64(pair.Certificate)), ("key", Yaml.Base64(pair.Key)));

    /// <summary>How a worker holds a CA: the key is there and empty.</summary>
    public static YamlMappingNode CertificateOnly(string certificate) =>
        Yaml.Map(("crt", Yaml.Base64(certificate)), ("key", Yaml.Text("")));

    private static string? Plain(string text) => PemEncoding.TryFind(text, out _) ? text : null;

    private static string FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) ? Encoding.ASCII.GetString(bytes, 0, count) : "";
    }
}
