using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class SecretsBundleTests
{
    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        var bundle = SecretsBundle.Generate(SemanticVersion.Parse("v1.6.8"), Fixture.Now);

        Assert.Equal(bundle, SecretsBundle.Parse(bundle.ToYaml()));
    }

    [Fact]
    public void The_file_has_the_keys_of_talosctl_in_its_order() =>
        Fixture.AssertGolden("secrets.yaml", Fixture.Secrets.ToYaml());

    [Fact]
    public void A_new_bundle_has_the_kinds_of_keys_and_shapes_of_Talos()
    {
        var bundle = SecretsBundle.Generate(SemanticVersion.Parse("v1.13.9"), Fixture.Now);

        Assert.StartsWith("-----BEGIN ED25519 PRIVATE KEY-----", bundle.Os.Key, StringComparison.Ordinal);
        Assert.StartsWith("-----BEGIN RSA PRIVATE KEY-----", bundle.ServiceAccountKey, StringComparison.Ordinal);
        Assert.All(
            new[] { bundle.Etcd, bundle.Kubernetes, bundle.Aggregator },
            pair => Assert.StartsWith("-----BEGIN EC PRIVATE KEY-----", pair.Key, StringComparison.Ordinal));
        Assert.Equal(["O=talos", "O=kubernetes", "O=etcd", ""],
            new[] { bundle.Os, bundle.Kubernetes, bundle.Etcd, bundle.Aggregator }.Select(p =>
                X509Certificate2.CreateFromPem(p.Certificate).Subject));
        Assert.Matches("^[a-z0-9]{6}[.][a-z0-9]{16}$", bundle.BootstrapToken);
        Assert.Matches("^[a-z0-9]{6}[.][a-z0-9]{16}$", bundle.TrustdToken);
        Assert.Equal(32, Convert.FromBase64String(bundle.SecretboxEncryptionSecret).Length);
        Assert.DoesNotContain('+', bundle.ClusterId);
        Assert.DoesNotContain('/', bundle.ClusterId);
    }

    [Fact]
    public void The_service_account_key_of_1_6_is_P256()
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(SecretsBundle.Generate(SemanticVersion.Parse("v1.6.8"), Fixture.Now).ServiceAccountKey);

        Assert.Equal(256, key.KeySize);
    }

    [Fact]
    public void A_bundle_in_a_log_line_shows_nothing() => Assert.Equal("SecretsBundle", Fixture.Secrets.ToString());
}
