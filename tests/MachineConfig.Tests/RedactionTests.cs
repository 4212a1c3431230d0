using System.Text;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class RedactionTests
{
    // Of 1.6: its service account key is P-256, which costs no seconds to make.
    private static readonly SecretsBundle Bundle = SecretsBundle.Generate(SemanticVersion.Parse("v1.6.8"), Fixture.Now);

    public static TheoryData<string, MachineType> Forms => new()
    {
        { "v1.6.8", MachineType.ControlPlane }, { "v1.6.8", MachineType.Worker }, { "v1.10.9", MachineType.ControlPlane },
        { "v1.13.9", MachineType.ControlPlane }, { "v1.13.9", MachineType.Worker }, { "v1.14.0-rc.1", MachineType.ControlPlane },
        { "v1.14.0-rc.1", MachineType.Worker },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void No_secret_of_a_generated_config_survives_and_every_certificate_does(string talos, MachineType type)
    {
        var config = MachineConfigGenerator.Generate(Fixture.Input(talos, "v1.30.0"), Bundle, type);

        AssertNoSecret(Redaction.Of(config));
        Assert.Contains(Base64(Bundle.Os.Certificate), Redaction.Of(config), StringComparison.Ordinal);
        // The marker takes the place of values and of nothing else.
        Assert.Equal(config.Split('\n').Count(line => line.StartsWith("kind:", StringComparison.Ordinal)),
            Redaction.Of(config).Split('\n').Count(line => line.StartsWith("kind:", StringComparison.Ordinal)));
    }

    [Fact]
    public void No_secret_of_a_bundle_a_talosconfig_or_a_kubeconfig_survives()
    {
        var credential = Credentials.Talos(Bundle, "os:admin", TimeSpan.FromHours(1), Fixture.Now);

        AssertNoSecret(Redaction.Of(Bundle.ToYaml()));
        foreach (var text in new[]
        {
            Credentials.Talosconfig(Bundle, "rack1", ["10.0.0.10"], credential),
            Credentials.Kubeconfig(Bundle, "rack1", new("https://10.0.0.10:6443"), credential),
        })
            Assert.DoesNotContain(Base64(credential.Key), Redaction.Of(text), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_place_of_a_secret_is_hidden_and_what_stands_beside_it_is_not()
    {
        var sample = File.ReadAllText(Fixture.PathOf("redaction/secrets-everywhere.yaml"));

        Fixture.AssertGolden("redaction/redacted.yaml", Redaction.Of(sample));
    }

    [Fact]
    public void A_secret_of_the_sample_is_known_by_its_text()
    {
        var sample = File.ReadAllText(Fixture.PathOf("redaction/secrets-everywhere.yaml"));

        Assert.True(sample.Split("hush").Length > 40);
        Assert.DoesNotContain("hush", Redaction.Of(sample), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Base64("hush")[..4], Redaction.Of(sample), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("token: x: y\n")]
    [InlineData("a secret\n")]
    [InlineData("")]
    public void What_is_not_YAML_is_hidden_whole(string text) => Assert.Equal("**REDACTED**\n", Redaction.Of(text));

    private static void AssertNoSecret(string text)
    {
        string[] words = [Bundle.ClusterSecret, Bundle.BootstrapToken, Bundle.TrustdToken, Bundle.SecretboxEncryptionSecret];
        CertificateAndKey[] pairs = [Bundle.Os, Bundle.Kubernetes, Bundle.Aggregator, Bundle.Etcd];
        foreach (var key in pairs.Select(p => p.Key).Append(Bundle.ServiceAccountKey))
        {
            Assert.DoesNotContain(Base64(key), text, StringComparison.Ordinal);
            Assert.DoesNotContain(key.Split('\n')[1], text, StringComparison.Ordinal);
        }
        Assert.All(words, word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
