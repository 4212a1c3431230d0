using Cozy.Fleet.MachineConfig.Secrets;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests.Secrets;

public sealed class BundleImportTests
{
    // Of 1.6: its service account key is P-256, which costs no seconds to make.
    private static readonly SecretsBundle Bundle = SecretsBundle.Generate(SemanticVersion.Parse("v1.6.8"), Fixture.Now);

    [Fact]
    public void A_bundle_is_written_back_byte_by_byte()
    {
        Assert.True(BundleImport.TryFromFile(Bundle.ToYaml(), out var imported, out var refusal), refusal);

        Assert.Equal(Bundle, imported);
        Assert.Equal(Bundle.ToYaml(), imported.ToYaml());
    }

    [Fact]
    public void Keys_that_we_do_not_know_are_kept_where_they_stood()
    {
        var yaml = Bundle.ToYaml()
            .Replace("trustdinfo:\n", "trustdinfo:\n    issuer: someone\n", StringComparison.Ordinal)
            .Replace("    os:\n", "    os:\n        rotated: 2026-01-01\n", StringComparison.Ordinal) + "future:\n    list:\n        - a\n";

        Assert.True(BundleImport.TryFromFile(yaml, out var imported, out var refusal), refusal);

        Assert.True(BundleImport.TryFromFile(imported.ToYaml(), out var again, out refusal), refusal);
        Assert.Equal(imported, again);
        Assert.All(
            new[] { "    issuer: someone\n", "        rotated: 2026-01-01\n", "future:\n    list:\n        - a\n" },
            kept => Assert.Contains(kept, imported.ToYaml(), StringComparison.Ordinal));
    }

    [Fact]
    public void A_bundle_from_before_1_3_keeps_its_AES_key()
    {
        var old = Bundle with { SecretboxEncryptionSecret = "", AescbcEncryptionSecret = "c2VjcmV0" };

        Assert.True(BundleImport.TryFromFile(old.ToYaml(), out var imported, out var refusal), refusal);

        Assert.Equal(old, imported);
        Assert.DoesNotContain("secretbox", imported.ToYaml(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.6.8", false)]
    [InlineData("v1.10.9", false)]
    [InlineData("v1.13.9", true)]
    [InlineData("v1.14.0-rc.1", false)]
    [InlineData("v1.14.0-rc.1", true)]
    public void The_config_of_a_control_plane_holds_the_whole_bundle(string talos, bool aescbc)
    {
        var bundle = aescbc ? Bundle with { SecretboxEncryptionSecret = "", AescbcEncryptionSecret = "c2VjcmV0" } : Bundle;
        var config = MachineConfigGenerator.Generate(Fixture.Input(talos, "v1.30.0"), bundle, MachineType.ControlPlane);

        Assert.True(BundleImport.TryFromControlPlane(config, out var imported, out var refusal), refusal);

        Assert.Equal(bundle, imported);
    }

    [Theory]
    [InlineData("v1.6.8", "line 5: machine.type is worker; only the config of a control plane holds the keys of the CAs.")]
    [InlineData("v1.14.0-rc.1", "line 5: machine.type is worker; only the config of a control plane holds the keys of the CAs.")]
    public void The_config_of_a_worker_is_refused(string talos, string expected)
    {
        var config = MachineConfigGenerator.Generate(Fixture.Input(talos, "v1.30.0"), Bundle, MachineType.Worker);

        Assert.False(BundleImport.TryFromControlPlane(config, out _, out var refusal));
        Assert.Equal(expected, refusal);
    }

    [Theory]
    [InlineData("machine:\n  token: x\n", "line 2: machine.type is missing.")]
    [InlineData("kind: HostnameConfig\n", "The machine config has no v1alpha1 document.")]
    [InlineData("machine: {type: controlplane}\n", "line 1: cluster is missing.")]
    public void A_config_without_a_secret_is_refused_with_its_place(string config, string expected)
    {
        Assert.False(BundleImport.TryFromControlPlane(config, out _, out var refusal));
        Assert.Equal(expected, refusal);
    }

    public static TheoryData<string, string, string> Damages => new()
    {
        { "    secret:.*\n", "", "line 2: cluster.secret is missing." },
        { "    secret:.*\n", "    secret: [a]\n", "line 3: cluster.secret is not a text." },
        { "    secretboxencryptionsecret:.*\n", "", "line 5: secrets holds one of secretboxencryptionsecret and aescbcencryptionsecret, and not both." },
        { "trustdinfo:\n.*\n", "", "line 1: trustdinfo is missing." },
        { "(etcd:\n        crt: ).*\n", "$1'!'\n", "line 11: certs.etcd.crt is not PEM in base64." },
        { "(k8saggregator:\n        crt: .*\n        key: ).*\n", "$1aGVsbG8=\n", "line 18: certs.k8saggregator.key is not PEM in base64." },
        {
            "(etcd:\n        crt: ).*\n((?:.*\n)*    os:\n        crt: )(.*)\n", "$1$3\n$2$3\n",
            "line 11: certs.etcd.crt and its key cannot be used: The private key does not belong to the CA certificate 'O=talos'."
        },
        {
            "(k8sserviceaccount:\n        key: ).*\n((?:.*\n)*    os:\n        crt: )(.*)\n", "$1$3\n$2$3\n",
            "line 20: certs.k8sserviceaccount.key is not a private key of a kind that Talos uses."
        },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_bundle_is_refused_in_one_sentence_with_line_and_path(string pattern, string replacement, string expected)
    {
        var damaged = System.Text.RegularExpressions.Regex.Replace(Bundle.ToYaml(), pattern, replacement);

        Assert.False(BundleImport.TryFromFile(damaged, out _, out var refusal));
        Assert.Equal(expected, refusal);
    }

    [Theory]
    [InlineData("", "The secrets bundle is empty.")]
    [InlineData("- a\n", "line 1: the secrets bundle is a map, such as 'machine: …'.")]
    [InlineData("a: 1\n---\nb: 2\n", "The secrets bundle has 2 documents instead of one.")]
    public void What_is_no_bundle_is_refused(string yaml, string expected)
    {
        Assert.False(BundleImport.TryFromFile(yaml, out _, out var refusal));
        Assert.Equal(expected, refusal);
    }

    [Fact]
    public void Broken_YAML_is_refused_with_its_line()
    {
        Assert.False(BundleImport.TryFromFile("cluster:\n  id: b: c\n", out _, out var refusal));
        Assert.StartsWith("line 2: the secrets bundle is not YAML: ", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_stands_twice_is_refused_with_its_line()
    {
        Assert.False(BundleImport.TryFromFile("cluster: {}\ncluster: {}\n", out _, out var refusal));
        Assert.StartsWith("line 2: the secrets bundle is not YAML: ", refusal, StringComparison.Ordinal);
    }
}
