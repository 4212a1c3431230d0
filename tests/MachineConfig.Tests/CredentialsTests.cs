using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class CredentialsTests
{
    private static readonly SecretsBundle Secrets = SecretsBundle.Generate(SemanticVersion.Parse("v1.6.8"), Fixture.Now);

    [Fact]
    public void A_talosconfig_has_one_context_whose_certificate_its_CA_issued()
    {
        var credential = Credentials.Talos(Secrets, "os:admin", TimeSpan.FromHours(1), Fixture.Now);

        var root = Root(Credentials.Talosconfig(Secrets, "rack1", ["10.0.0.1", "10.0.0.2"], credential));

        Assert.Equal("rack1", root["context"].ToString());
        var context = root["contexts"]["rack1"];
        Assert.Equal(["10.0.0.1", "10.0.0.2"], ((YamlSequenceNode)context["endpoints"]).Select(e => e.ToString()));
        AssertIssued(context["ca"], context["crt"], context["key"], ["os:admin"]);
    }

    [Fact]
    public void A_kubeconfig_has_one_cluster_user_and_context_named_as_Talos_names_them()
    {
        var credential = Credentials.Kubernetes(Secrets, "admin", TimeSpan.FromHours(1), Fixture.Now);

        var root = Root(Credentials.Kubeconfig(Secrets, "rack1", new("https://10.0.0.10:6443/"), credential));

        Assert.Equal(("v1", "Config", "admin@rack1"),
            (root["apiVersion"].ToString(), root["kind"].ToString(), root["current-context"].ToString()));
        var (cluster, user, context) = (root["clusters"][0], root["users"][0], root["contexts"][0]);
        Assert.Equal("https://10.0.0.10:6443", cluster["cluster"]["server"].ToString());
        Assert.Equal(
            ("rack1", "admin@rack1", "rack1", "admin@rack1"),
            (cluster["name"].ToString(), user["name"].ToString(), context["context"]["cluster"].ToString(),
                context["context"]["user"].ToString()));
        AssertIssued(
            cluster["cluster"]["certificate-authority-data"], user["user"]["client-certificate-data"], user["user"]["client-key-data"],
                ["system:masters"]);
    }

    [Fact]
    public void A_credential_lives_as_long_as_asked_and_bears_a_clock_five_minutes_behind()
    {
        using var leaf = X509Certificate2.CreateFromPem(Credentials.Talos(Secrets, "os:reader", TimeSpan.FromHours(1),
            Fixture.Now).Certificate);

        Assert.Equal(Fixture.Now.AddMinutes(-5).UtcDateTime, leaf.NotBefore.ToUniversalTime());
        Assert.Equal(Fixture.Now.AddHours(1).UtcDateTime, leaf.NotAfter.ToUniversalTime());
    }

    private static void AssertIssued(YamlNode ca, YamlNode certificate, YamlNode key, string[] organizations)
    {
        using var authority = X509Certificate2.CreateFromPem(Pem(ca));
        using var leaf = X509Certificate2.CreateFromPem(Pem(certificate), Pem(key));
        Assert.Null(CertificateCheck.Refusal(leaf, authority, Fixture.Now, CertificateUse.Client));
        Assert.Equal(organizations, CertificateCheck.Organizations(leaf));
    }

    private static string Pem(YamlNode node) => Encoding.ASCII.GetString(Convert.FromBase64String(node.ToString()));

    private static YamlNode Root(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return stream.Documents.Single().RootNode;
    }
}
