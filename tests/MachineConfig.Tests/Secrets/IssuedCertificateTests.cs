using Cozy.Fleet.Pki.Tests;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests.Secrets;

public sealed class IssuedCertificateTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly SecretsBundle Bundle = SecretsBundle.Generate(SemanticVersion.Parse("v1.6.8"), Now);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData("os:admin")]
    [InlineData("os:operator")]
    [InlineData("os:reader")]
    public async Task OpenSSL_accepts_every_client_of_the_machine_API(string role) =>
        Assert.Equal(0, await VerifyAsync(Bundle.Os.Certificate, Credentials.Talos(Bundle, role, Hour, Now).Certificate));

    [Fact]
    public async Task OpenSSL_accepts_a_client_of_the_Kubernetes_API() => Assert.Equal(
        0, await VerifyAsync(Bundle.Kubernetes.Certificate, Credentials.Kubernetes(Bundle, "admin", Hour, Now).Certificate));

    [Fact]
    public async Task OpenSSL_accepts_a_client_of_a_bundle_that_was_imported_from_a_config()
    {
        var config = MachineConfigGenerator.Generate(Fixture.Input("v1.14.0-rc.1", "v1.37.0"), Bundle, MachineType.ControlPlane);
        Assert.True(MachineConfig.Secrets.BundleImport.TryFromControlPlane(config, out var imported, out var refusal), refusal);

        Assert.Equal(0, await VerifyAsync(Bundle.Os.Certificate, Credentials.Talos(imported, "os:admin", Hour, Now).Certificate));
    }

    [Fact]
    public async Task OpenSSL_refuses_the_client_of_another_cluster() => Assert.NotEqual(
        0, await VerifyAsync(Bundle.Kubernetes.Certificate, Credentials.Talos(Bundle, "os:admin", Hour, Now).Certificate));

    [Fact]
    public async Task OpenSSL_accepts_every_CA_as_its_own_issuer()
    {
        foreach (var authority in new[] { Bundle.Os, Bundle.Kubernetes, Bundle.Etcd, Bundle.Aggregator })
            Assert.Equal(0, await VerifyAsync(authority.Certificate, authority.Certificate, "sslclient"));
    }

    private static async Task<int> VerifyAsync(string ca, string leaf, string purpose = "sslclient")
    {
        using var openssl = OpenSsl.OrSkip();
        var (exitCode, _) = await OpenSsl.RunAsync(
            "verify", "-purpose", purpose, "-CAfile", openssl.Write("ca.pem", ca), openssl.Write("leaf.pem", leaf));
        return exitCode;
    }
}
