using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

/// <summary>What the golden files are made from: secrets that are no secrets, the same in every run.</summary>
internal static class Fixture
{
    /// <summary>Set to 1, the golden files are written anew instead of compared.</summary>
    public const string RewriteVariable = "COZY_FLEET_REWRITE_GOLDEN";

    public static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Each PEM block holds only what it stands for: the generator does not look inside.</summary>
    public static SecretsBundle Secrets { get; } = new(
        "Y2x1c3Rlci1pZC1vZi10aGUtZ29sZGVuLWZpbGVzLi4=", "Y2x1c3Rlci1zZWNyZXQtb2YtdGhlLWdvbGRlbnMuLi4=", "abcdef.0123456789abcdef",
        "c2VjcmV0Ym94LXNlY3JldC1vZi10aGUtZ29sZGVucy4=", "012345.6789012345678901",
        Pair("etcd"), Pair("kubernetes"), Pair("aggregator"), Pem("RSA PRIVATE KEY", "service account"), Pair("talos"));

    public static MachineConfigInput Input(string talos, string kubernetes) => new(
        SemanticVersion.Parse(talos), SemanticVersion.Parse(kubernetes), "rack1", new("https://10.0.0.10:6443"), "cp-1", "/dev/nvme0n1",
        $"factory.talos.dev/metal-installer/376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba:{talos}")
    {
        CertSans = ["10.0.0.10"],
        Contract = SemanticVersion.Parse(talos),
    };

    /// <summary>A file of the folder <c>testdata</c>.</summary>
    public static string PathOf(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "testdata", name));

    /// <summary>Compares with a golden file beside the tests.</summary>
    public static void AssertGolden(string name, string actual)
    {
        var path = PathOf(name);
        if (Environment.GetEnvironmentVariable(RewriteVariable) == "1")
            File.WriteAllText(path, actual);
        Assert.Equal(File.ReadAllText(path), actual);
    }

    private static CertificateAndKey Pair(string name) => new(Pem("CERTIFICATE", $"certificate {name}"), Pem("EC PRIVATE KEY", $"key {name}"));

    private static string Pem(string label, string content) =>
        PemEncoding.WriteString(label, Encoding.ASCII.GetBytes($"{content}, nothing secret")) + "\n";
}
