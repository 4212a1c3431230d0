namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class MachineConfigGeneratorTests
{
    [Theory]
    [InlineData("v1.6.8", "v1.29.7", MachineType.ControlPlane, "1.6-controlplane.yaml")]
    [InlineData("v1.6.8", "v1.29.7", MachineType.Worker, "1.6-worker.yaml")]
    [InlineData("v1.10.9", "v1.33.6", MachineType.ControlPlane, "1.10-controlplane.yaml")]
    [InlineData("v1.10.9", "v1.33.6", MachineType.Worker, "1.10-worker.yaml")]
    [InlineData("v1.13.9", "v1.36.3", MachineType.ControlPlane, "1.13-controlplane.yaml")]
    [InlineData("v1.13.9", "v1.36.3", MachineType.Worker, "1.13-worker.yaml")]
    public void A_release_gets_its_own_form(string talos, string kubernetes, MachineType type, string golden) =>
        Fixture.AssertGolden(golden, MachineConfigGenerator.Generate(Fixture.Input(talos, kubernetes), Fixture.Secrets, type));

    [Theory]
    [InlineData("v1.6.8", false, false, false)]
    [InlineData("v1.7.7", true, false, false)]
    [InlineData("v1.8.4", true, true, false)]
    [InlineData("v1.12.11", true, true, true)]
    public void Features_come_with_the_release_that_knows_them(string talos, bool hostDns, bool label, bool hostnameDocument)
    {
        var config = MachineConfigGenerator.Generate(Fixture.Input(talos, "v1.30.0"), Fixture.Secrets, MachineType.ControlPlane);

        Assert.Equal(hostDns, config.Contains("hostDNS:", StringComparison.Ordinal));
        Assert.Equal(label, config.Contains("exclude-from-external-load-balancers", StringComparison.Ordinal));
        Assert.Equal(hostnameDocument, config.Contains("kind: HostnameConfig", StringComparison.Ordinal));
        Assert.Equal(!hostnameDocument, config.Contains("apidCheckExtKeyUsage: true", StringComparison.Ordinal));
    }

    [Fact]
    public void A_worker_holds_no_key_of_any_CA()
    {
        var config = MachineConfigGenerator.Generate(Fixture.Input("v1.13.9", "v1.36.3"), Fixture.Secrets, MachineType.Worker);

        foreach (var secret in new[] { Fixture.Secrets.Os.Key, Fixture.Secrets.Kubernetes.Key, Fixture.Secrets.Etcd.Key, Fixture.Secrets.ServiceAccountKey })
            Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(secret)), config, StringComparison.Ordinal);
    }
}
