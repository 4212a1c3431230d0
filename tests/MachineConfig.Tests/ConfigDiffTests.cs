using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class ConfigDiffTests
{
    private const string Node =
        "version: v1alpha1\nmachine: {type: worker, token: a, network: {hostname: n1}, install: {disk: /dev/sda, image: i:1}}\n";

    public static TheoryData<string, string, string> Differences => new()
    {
        { "a: x", "a: y", "~ a: x -> y" },
        { "a: x", "a: \"x\"", "" },
        { "a: 1", "a: \"1\"", "~ a: 1 -> \"1\"" },
        { "{a: x, b: y}", "{b: y, a: x}", "" },
        { "a: {b: x}", "a: {}", "- a.b: x" },
        { "a: {}", "a: {b: x}", "+ a.b: x" },
        { "{a: x, c: {}}", "a: x", "- c: {}" },
        { "a: [x, y, z]", "a: [y, z]", "- a[0]: x" },
        { "a: [x, z]", "a: [x, y, z]", "+ a[1]: y" },
        { "a: [x, y]", "a: [x, w]", "~ a[1]: y -> w" },
        { "a: [{b: x, c: z}]", "a: [{b: y, c: z}]", "~ a[0].b: x -> y" },
        { "a: {b: x}", "a: x", "- a.b: x|+ a: x" },
        { "a: \"one\\ntwo\\n\"", "a: \"one\\nthree\\n\"", "~ a:|    - two|    + three" },
        { "machine: {token: a}", "machine: {token: b}", "~ machine.token: **REDACTED** (it differs, and is secret)" },
        {
            "machine: {network: {interfaces: [{interface: eth0, mtu: 1500}, {interface: eth1}]}}",
            "machine: {network: {interfaces: [{interface: eth1}, {interface: eth0, mtu: 9000}]}}",
            "~ machine.network.interfaces[eth0].mtu: 1500 -> 9000"
        },
        { "machine: {nodeLabels: {a.b/c: x}}", "machine: {nodeLabels: {a.b/c: y}}", "~ machine.nodeLabels[\"a.b/c\"]: x -> y" },
        {
            "version: v1alpha1\n---\n{apiVersion: v1alpha1, kind: VLANConfig, name: eth0.5, vlanID: 5}",
            "{apiVersion: v1alpha1, kind: VLANConfig, name: eth0.5, vlanID: 6}\n---\nversion: v1alpha1",
            "~ VLANConfig eth0.5: vlanID: 5 -> 6"
        },
        { "version: v1alpha1\n---\n{apiVersion: v2, kind: A}", "version: v1alpha1", "- v2 A: apiVersion: v2|- v2 A: kind: A" },
    };

    public static TheoryData<string, string, ChangeEffect, string> Effects => new()
    {
        { "v1.13.9", "debug: true", ChangeEffect.Live, "debug" },
        { "v1.13.9", "cluster: {apiServer: {image: x}}", ChangeEffect.Live, "cluster.apiServer.image" },
        { "v1.13.9", "machine: {sysctls: {a: b}}", ChangeEffect.Live, "machine.sysctls.a" },
        { "v1.13.9", "machine: {kubelet: {extraArgs: {v: \"4\"}}}", ChangeEffect.Live, "machine.kubelet.extraArgs.v" },
        { "v1.13.9", "machine: {udev: {rules: [x]}}", ChangeEffect.Reboot, "machine.udev.rules[0]" },
        { "v1.14.0", "machine: {udev: {rules: [x]}}", ChangeEffect.Live, "machine.udev.rules[0]" },
        { "v1.13.9", "machine: {sysctls: {a: b}, files: [{path: /a}]}", ChangeEffect.Reboot, "machine.files[0].path" },
        { "v1.14.0", "machine: {files: [{path: /a}]}", ChangeEffect.Reboot, "machine.files[0].path" },
        { "v1.14.0", "cluster: {etcd: {image: x}}", ChangeEffect.Reboot, "cluster.etcd.image" },
        { "v1.13.9", "cluster: {etcd: {image: x}}", ChangeEffect.Live, "cluster.etcd.image" },
        { "v1.14.0", "machine: {kernel: {modules: [{name: x}]}}", ChangeEffect.Live, "machine.kernel.modules[0].name" },
        { "v1.6.8", "machine: {nodeTaints: {a: b}}", ChangeEffect.Reboot, "machine.nodeTaints.a" },
        { "v1.7.7", "machine: {nodeTaints: {a: b}}", ChangeEffect.Live, "machine.nodeTaints.a" },
        { "v1.7.7", "machine: {nodeAnnotations: {a: b}}", ChangeEffect.Reboot, "machine.nodeAnnotations.a" },
        { "v1.8.4", "machine: {nodeAnnotations: {a: b}}", ChangeEffect.Live, "machine.nodeAnnotations.a" },
        {
            "v1.8.4", "machine: {features: {imageCache: {localEnabled: true}}}", ChangeEffect.Reboot,
            "machine.features.imageCache.localEnabled"
        },
        {
            "v1.9.6", "machine: {features: {imageCache: {localEnabled: true}}}", ChangeEffect.Live,
            "machine.features.imageCache.localEnabled"
        },
        { "v1.13.9", "machine: {features: {rbac: true}}", ChangeEffect.Reboot, "machine.features.rbac" },
        { "v1.13.9", "machine: {install: {disk: /dev/sdb}}", ChangeEffect.Live, "machine.install.disk" },
        { "v1.13.9", "{apiVersion: v1alpha1, kind: OOMConfig, a: b}", ChangeEffect.Live, "OOMConfig: apiVersion" },
        { "v1.13.9", "{apiVersion: v1alpha1, kind: EnvironmentConfig, a: b}", ChangeEffect.Live, "EnvironmentConfig: apiVersion" },
        { "v1.14.0", "{apiVersion: v1alpha1, kind: EnvironmentConfig, a: b}", ChangeEffect.Reboot, "EnvironmentConfig: apiVersion" },
        {
            "v1.13.9", "{apiVersion: v1alpha1, kind: VolumeConfig, name: STATE, encryption: {provider: luks2}}", ChangeEffect.Reboot,
            "VolumeConfig STATE: encryption.provider"
        },
    };

    [Theory]
    [MemberData(nameof(Differences))]
    public void Only_content_is_a_difference(string before, string after, string expected)
    {
        var text = Between(before, after).ToString();

        Assert.Equal(expected, string.Join('|', text.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Fact]
    public void A_diff_of_two_releases_reads_as_their_differences() => Fixture.AssertGolden("diff/1.13-to-1.14.txt", Between(
        Generated("v1.13.9", MachineType.ControlPlane), Generated("v1.14.0-rc.1", MachineType.ControlPlane)).ToString());

    [Fact]
    public void No_secret_is_in_a_diff_from_nothing_to_all()
    {
        var bundle = SecretsBundle.Generate(SemanticVersion.Parse("v1.6.8"), Fixture.Now);
        var config = MachineConfigGenerator.Generate(Fixture.Input("v1.14.0", "v1.37.0"), bundle, MachineType.ControlPlane);

        var diff = Between("version: v1alpha1", config);

        Assert.True(diff.Changes.Count > 80);
        string[] words = [bundle.ClusterSecret, bundle.BootstrapToken, bundle.TrustdToken, bundle.SecretboxEncryptionSecret];
        foreach (var secret in words.Append(bundle.Etcd.Key.Split('\n')[1]))
            Assert.DoesNotContain(diff.Changes, change => change.ToString().Contains(secret, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Effects))]
    public void A_change_needs_what_the_release_needs_for_it(string talos, string patch, ChangeEffect effect, string decidedBy)
    {
        var verdict = Between(Node, Patched(patch)).Verdict(SemanticVersion.Parse(talos));

        Assert.Equal((effect, decidedBy), (verdict.Effect, verdict.DecidedBy.ToString()));
        Assert.StartsWith(decidedBy, verdict.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("image: i:1", "image: i:2", ChangeEffect.Upgrade, "machine.install.image")]
    [InlineData("type: worker", "type: controlplane", ChangeEffect.Reboot, "machine.type")]
    [InlineData("token: a", "token: b", ChangeEffect.Reboot, "machine.token")]
    public void What_patches_may_not_write_is_judged_too(string before, string after, ChangeEffect effect, string decidedBy)
    {
        var verdict = Between(Node, Node.Replace(before, after, StringComparison.Ordinal)).Verdict(new(1, 13, 9));

        Assert.Equal((effect, decidedBy), (verdict.Effect, verdict.DecidedBy.ToString()));
    }

    [Theory]
    [InlineData("image: i:2", "")]
    [InlineData("image: i:2}, env: {a: b", "machine.env.a")]
    public void What_only_an_upgrade_makes_true_does_not_hide_what_a_reboot_does(string install, string reboot)
    {
        var after = Node.Replace("image: i:1", install, StringComparison.Ordinal);
        var verdict = Between(Node, after).Verdict(new(1, 13, 9));

        Assert.Equal((ChangeEffect.Upgrade, reboot), (verdict.Effect, verdict.Reboot?.ToString() ?? ""));
    }

    [Fact]
    public void A_removed_kernel_module_stays_loaded_until_a_reboot() => Assert.Equal(
        ChangeEffect.Reboot,
        Between("machine: {kernel: {modules: [{name: x}]}}", "machine: {kernel: {modules: []}}").Verdict(new(1, 14, 0)).Effect);

    [Theory]
    [InlineData("machine: {network: {hostname: n2}}", null)]
    [InlineData("machine: {network: {nameservers: [1.1.1.1]}}", null)]
    [InlineData("machine: {sysctls: {a: b}}", null)]
    [InlineData("machine: {network: {interfaces: [{interface: eth0, mtu: 9000}]}}", "machine.network.interfaces[eth0].interface")]
    [InlineData("{apiVersion: v1alpha1, kind: BondConfig, name: bond0}", "BondConfig bond0: apiVersion")]
    [InlineData("{apiVersion: v1alpha1, kind: NetworkDefaultActionConfig, ingress: block}", "NetworkDefaultActionConfig: apiVersion")]
    public void A_change_that_can_cut_the_node_off_is_named(string patch, string? place) =>
        Assert.Equal(place, Between(Node, Patched(patch)).Verdict(new(1, 13, 9)).Network?.ToString());

    [Fact]
    public void Equal_configs_need_nothing()
    {
        var diff = Between(Node, Node);

        Assert.Equal(new(ChangeEffect.None, null, "", null, null), diff.Verdict(new(1, 13, 9)));
        Assert.Equal("", diff.ToString());
    }

    [Fact]
    public void A_config_that_is_not_YAML_is_refused()
    {
        Assert.Null(ConfigDiff.Between(Node, "a: b: c", out var refusal));
        Assert.StartsWith("line 1: the config after is not YAML", refusal, StringComparison.Ordinal);
    }

    private static string Patched(string patch)
    {
        var patched = ConfigPatch.Apply(Node, patch, out var refusal);
        Assert.Equal("", refusal);
        return patched!;
    }

    private static string Generated(string talos, MachineType type) =>
        MachineConfigGenerator.Generate(Fixture.Input(talos, "v1.36.0"), Fixture.Secrets, type);

    private static ConfigDiff Between(string before, string after)
    {
        var diff = ConfigDiff.Between(before, after, out var refusal);
        Assert.Equal("", refusal);
        return diff!;
    }
}
