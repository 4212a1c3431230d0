using Cozy.Fleet.Primitives;

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
    [InlineData("v1.14.0-rc.1", "v1.37.0-rc.0", MachineType.ControlPlane, "1.14-controlplane.yaml")]
    [InlineData("v1.14.0-rc.1", "v1.37.0-rc.0", MachineType.Worker, "1.14-worker.yaml")]
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

    [Theory]
    [InlineData("v1.6.8")]
    [InlineData("v1.13.9")]
    [InlineData("v1.14.0-rc.1")]
    public void A_worker_holds_no_key_of_any_CA(string talos)
    {
        var config = MachineConfigGenerator.Generate(Fixture.Input(talos, "v1.36.3"), Fixture.Secrets, MachineType.Worker);

        foreach (var secret in new[] { Fixture.Secrets.Os.Key, Fixture.Secrets.Kubernetes.Key, Fixture.Secrets.Etcd.Key,
            Fixture.Secrets.ServiceAccountKey })
        {
            Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(secret)), config, StringComparison.Ordinal);
            Assert.DoesNotContain(secret.Split('\n')[1], config, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_1_14_machine_gets_the_form_of_1_13_until_its_contract_says_otherwise()
    {
        var input = new MachineConfigInput(
            SemanticVersion.Parse("v1.14.0"), SemanticVersion.Parse("v1.37.0"), "rack1", new("https://10.0.0.10:6443"), "n",
                "/dev/sda", "i");

        Assert.DoesNotContain("KubeletConfig", MachineConfigGenerator.Generate(input, Fixture.Secrets, MachineType.Worker),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.5.0", "v1.6.0")]
    [InlineData("v1.14.0", "v1.13.0")]
    public void A_contract_that_the_machine_cannot_read_is_refused(string contract, string talos)
    {
        var input = Fixture.Input(talos, "v1.30.0") with { Contract = SemanticVersion.Parse(contract) };

        var exception = Assert.Throws<ArgumentException>(() => MachineConfigGenerator.Generate(input, Fixture.Secrets, MachineType.Worker));
        Assert.StartsWith($"A config of contract {contract} is not for Talos {talos}.", exception.Message, StringComparison.Ordinal);
    }
}
