using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class ConfigPatchTests
{
    private const string Config =
        """
        version: v1alpha1
        machine:
          type: worker
          certSANs: [a]
          install: {disk: /dev/sda, image: i, wipe: true}
          network:
            interfaces:
              - {interface: eth0, mtu: 1500, vlans: [{vlanId: 5, mtu: 1400}]}
              - {interface: eth1, dhcp: true}
          nodeLabels: {x: "1", y: "2"}
        cluster:
          network: {podSubnets: [10.244.0.0/16]}
          etcd: {extraArgs: {a: [x, y]}}
          apiServer:
            auditPolicy: {kind: Policy, rules: [{level: Metadata}]}
            admissionControl: [{name: PodSecurity, configuration: {a: b}}]
        ---
        apiVersion: v1alpha1
        kind: HostnameConfig
        hostname: n1
        ---
        apiVersion: v1alpha1
        kind: ImageVerificationConfig
        rules: [{image: a, skip: true}, {image: b, keyless: {issuer: i}}]

        """;

    public static TheoryData<string, string, string[]> Rules => new()
    {
        { "scalars are replaced", "machine: {install: {disk: /dev/sdb}}", ["disk: /dev/sdb"] },
        { "booleans override with false", "machine: {install: {wipe: false}}", ["wipe: false"] },
        { "empty values do not override", "machine: {install: {disk: \"\"}}", ["disk: /dev/sda"] },
        { "maps merge by key", "machine: {nodeLabels: {z: q}}", ["x: \"1\"", "z: q"] },
        { "lists append", "machine: {certSANs: [b]}", ["certSANs: [a, b]"] },
        { "some lists are replaced", "cluster: {network: {podSubnets: [10.1.0.0/16]}}", ["podSubnets: [10.1.0.0/16]"] },
        { "the audit policy is replaced whole", "cluster: {apiServer: {auditPolicy: {rules: []}}}", ["auditPolicy: {rules: []}"] },
        {
            "interfaces merge by name", "machine: {network: {interfaces: [{interface: eth0, mtu: 9000}]}}",
            ["interface: eth0, mtu: 9000, vlans"]
        },
        {
            "VLANs merge by id", "machine: {network: {interfaces: [{interface: eth0, vlans: [{vlanId: 5, mtu: 1300}]}]}}",
            ["vlans: [{vlanId: 5, mtu: 1300}]"]
        },
        {
            "admission plugins merge by name", "cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {c: d}}]}}",
            ["{a: b, c: d}"]
        },
        { "another document is merged", "{apiVersion: v1alpha1, kind: HostnameConfig, hostname: n2}", ["hostname: n2"] },
        {
            "a rule of image verification replaces the one for the same images",
            "{apiVersion: v1alpha1, kind: ImageVerificationConfig, rules: [{image: b, deny: true}, {image: c, skip: true}]}",
            ["[{image: a, skip: true}, {image: b, deny: true}, {image: c, skip: true}]"]
        },
        { "an argument with several values is one value", "cluster: {etcd: {extraArgs: {a: [z]}}}", ["extraArgs: {a: [z]}"] },
        { "null changes nothing", "cluster: {network: {podSubnets: null}}", ["podSubnets: [10.244.0.0/16]"] },
        { "an empty list replaces", "cluster: {network: {podSubnets: []}}", ["podSubnets: []"] },
        {
            "an element is deleted by its first field",
            "machine: {network: {interfaces: [{interface: eth1, dhcp: false, $patch: delete}]}}", ["vlanId: 5"]
        },
        {
            "an unknown document is added", "{apiVersion: v1alpha1, kind: EventSinkConfig, endpoint: a:1}",
            ["kind: HostnameConfig", "kind: EventSinkConfig"]
        },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void The_rules_of_a_strategic_merge_hold(string rule, string patch, string[] expected)
    {
        var patched = Apply(patch);

        Assert.All(expected, text => Assert.True(patched.Contains(Flat(text), StringComparison.Ordinal), $"{rule}: {text} in {patched}"));
    }

    [Theory]
    [InlineData("machine: {nodeLabels: {$patch: delete}}", "nodeLabels")]
    [InlineData("machine: {network: {interfaces: [{interface: eth1, $patch: delete}]}}", "eth1")]
    [InlineData("{apiVersion: v1alpha1, kind: HostnameConfig, $patch: delete}", "HostnameConfig")]
    public void A_deletion_takes_away_what_it_names_and_nothing_else(string patch, string gone)
    {
        var patched = Apply(patch);

        Assert.DoesNotContain(gone, patched, StringComparison.Ordinal);
        Assert.DoesNotContain("$patch", patched, StringComparison.Ordinal);
        Assert.Contains("eth0", patched, StringComparison.Ordinal);
    }

    [Fact]
    public void Deleting_a_document_that_is_not_there_is_silent() =>
        Assert.Equal(Apply("machine: {}"), Apply("{apiVersion: v1alpha1, kind: EventSinkConfig, $patch: delete}"));

    [Theory]
    [InlineData("machine:\n  sysctls:\n    $patch: delete\n", "line 3: machine.sysctls is not there, so it cannot be deleted.")]
    [InlineData(
        "machine: {network: {interfaces: [{interface: eth7, $patch: delete}]}}",
        "line 1: machine.network.interfaces is not there, so it cannot be deleted.")]
    [InlineData("machine: {disks: [{device: /dev/sdz, $patch: delete}]}", "line 1: machine.disks is not there, so it cannot be deleted.")]
    [InlineData("machine: {network: {interfaces: [{$patch: delete}]}}",
        "line 1: a field beside $patch says which element of machine.network.interfaces is deleted.")]
    [InlineData("machine: {network: {interfaces: [{interface: eth0, vlans: {$patch: delete}}]}}",
        "line 1: machine.network.interfaces.vlans is inside of a list, where only whole elements can be deleted.")]
    public void Deleting_a_path_that_is_not_there_is_refused(string patch, string refusal)
    {
        Assert.Null(ConfigPatch.Apply(Config, patch, out var said));
        Assert.Equal(refusal, said);
    }

    [Theory]
    [InlineData("machine:\n  token: x\n", "line 2: machine.token is set by the coordinator and cannot be patched.")]
    [InlineData("cluster:\n  etcd:\n    ca: {crt: x}\n", "line 3: cluster.etcd.ca is set by the coordinator and cannot be patched.")]
    [InlineData("machine:\n  $patch: delete\n", "line 2: machine.type is set by the coordinator and cannot be patched.")]
    [InlineData(
        "machine:\n  install: {$patch: delete}\n", "line 2: machine.install.image is set by the coordinator and cannot be patched.")]
    [InlineData("cluster: null\n", "line 1: cluster.id is set by the coordinator and cannot be patched.")]
    [InlineData("version: v1alpha1\n$patch: delete\n", "line 1: the v1alpha1 document cannot be deleted.")]
    public void What_the_coordinator_sets_cannot_be_patched_replaced_or_deleted(string patch, string refusal) =>
        Assert.Equal(refusal, ConfigPatch.Problem(patch));

    [Theory]
    [InlineData("a\n", "line 1: a patch is a map, such as 'machine: …', or a list of JSON patch operations.")]
    [InlineData("- a\n", "line 1: an operation of a JSON patch is a map with op and path.")]
    [InlineData("kind: KubeAPIServerCAConfig\nissuingCA: {}\n", "line 2: issuingCA is set by the coordinator and cannot be patched.")]
    [InlineData(
        "kind: UnattendedInstallConfig\n$patch: delete\n", "line 1: installer.image is set by the coordinator and cannot be patched.")]
    [InlineData(
        "[{op: remove, path: /machine/udev}]",
        "line 1: a JSON patch is for a config of one document, and from Talos 1.12 on it has several; write a map, such as 'machine: …'.")]
    [InlineData("machine:\n  ? [a]\n  : b\n", "line 2, column 5: a key is a word, not a list or a map.")]
    public void What_is_no_patch_is_refused_with_its_line(string patch, string refusal) =>
        Assert.Equal(refusal, ConfigPatch.Problem(patch));

    [Theory]
    [InlineData("machine:\n  sysctl: {}\n", "line 2: machine.sysctl is no key that Talos v1.11.6 knows; did you mean sysctls.")]
    [InlineData("machine:\n  sysctls: 1\n", "line 2: machine.sysctls is a map.")]
    [InlineData("apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n", "line 1: HostnameConfig is known from Talos 1.12 on, and this is v1.11.6.")]
    [InlineData("machine:\n  env:\n    $patch: delete\n  network:\n    interfaces: [{interface: eth0, $patch: delete}]\n", "")]
    [InlineData("- {op: add, path: /machine/debug, value: 1}\n", "")]
    public void What_a_release_does_not_know_is_found_in_a_patch_before_anything_is_patched(string patch, string problem) =>
        Assert.Equal(problem, string.Join("\n", ConfigPatch.UnknownTo(SemanticVersion.Parse("v1.11.6"), patch)));

    [Fact]
    public void Broken_YAML_is_refused_with_its_place() =>
        Assert.StartsWith("line 2, column ", ConfigPatch.Problem("machine:\n  x: y: z\n"), StringComparison.Ordinal);

    [Fact]
    public void A_patch_with_several_documents_is_applied_as_a_whole()
    {
        var patched = Apply("machine: {certSANs: [b]}\n---\n{apiVersion: v1alpha1, kind: HostnameConfig, hostname: n3}\n");

        Assert.Contains("[a, b]", patched, StringComparison.Ordinal);
        Assert.Contains("hostname: n3", patched, StringComparison.Ordinal);
    }

    private static string Apply(string patch)
    {
        var patched = ConfigPatch.Apply(Config, patch, out var refusal);
        Assert.Equal("", refusal);
        return Flat(patched!);
    }

    // Block or flow style is the writer's business.
    private static string Flat(string yaml) => yaml.ReplaceLineEndings(" ");
}
