using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class LayeredConfigTests
{
    private static readonly ConfigLayer Fleet = new("fleet",
    [
        "machine: {time: {servers: [ntp.example.org]}, kubelet: {extraArgs: {v: \"2\"}}, sysctls: {vm.swappiness: \"10\"}}",
        "cluster: {network: {podSubnets: [10.1.0.0/16]}}",
    ]);

    private static readonly ConfigLayer Cluster = new("cluster",
    [
        """
        machine:
          registries: {config: {r.example.org: {auth: {username: puller, password: hunter2}}}}
          network: {interfaces: [{interface: eth0, mtu: 1500, addresses: [10.0.0.11/24]}]}
          certSANs: [api.example.org]
          files: [{path: /etc/a, permissions: 0600, op: create, content: "one\ntwo\n"}]
        """,
    ]);

    private static readonly ConfigLayer Role = new("role", ["machine: {kubelet: {extraArgs: {v: \"4\"}}, nodeLabels: {role: storage}}"]);

    private static readonly ConfigLayer Node = new("node",
    [
        """
        machine:
          install: {disk: /dev/nvme1n1}
          network: {interfaces: [{interface: eth0, mtu: 9000}, {interface: eth1, dhcp: true}]}
          kubelet: {extraArgs: {v: "4"}}
          certSANs: [10.0.0.99]
          sysctls: {vm.swappiness: {$patch: delete}}
        """,
    ]);

    [Theory]
    [InlineData("v1.10.9", MachineType.ControlPlane, "layers/1.10-controlplane.txt")]
    [InlineData("v1.13.9", MachineType.Worker, "layers/1.13-worker.txt")]
    public void Every_leaf_says_who_gave_it_its_value(string talos, MachineType type, string golden) =>
        Fixture.AssertGolden(golden, Applied(Generated(talos, type), Fleet, Cluster, Role, Node).Explain());

    [Fact]
    public void The_text_is_what_the_patches_give_one_after_the_other()
    {
        var config = Generated("v1.10.9", MachineType.ControlPlane);
        ConfigLayer[] layers = [Fleet, Cluster, Role, Node];

        var expected = layers.SelectMany(l => l.Patches).Aggregate(config, (text, patch) => ConfigPatch.Apply(text, patch, out _)!);

        Assert.Equal(expected, Applied(config, layers).Text);
    }

    [Fact]
    public void A_layer_that_repeats_a_value_owns_it()
    {
        var leaf = Applied("machine: {a: x}", new("fleet", ["machine: {a: y}"]), new ConfigLayer("node", ["machine: {a: y}"])).Leaves[0];

        Assert.Equal(new ExplainedLeaf(new("", "machine.a"), new("node", "y"), [new("fleet", "y"), new("generated", "x")]), leaf);
    }

    [Fact]
    public void An_element_that_moves_up_in_its_list_keeps_its_layer()
    {
        var effective = Applied(
            "machine: {disks: [{device: a}, {device: b}]}", new("fleet", ["machine: {disks: [{device: c}]}"]),
            new ConfigLayer("node", ["machine: {disks: [{device: a, $patch: delete}]}"]));

        Assert.Equal(["generated b", "fleet c"], effective.Leaves.Select(l => $"{l.Word.Layer} {l.Word.Value}"));
        Assert.All(effective.Leaves, leaf => Assert.Empty(leaf.Overridden));
    }

    [Fact]
    public void A_JSON_patch_does_not_see_the_documents_of_a_layer_that_stands_beside()
    {
        const string Sink = "{apiVersion: v1alpha1, kind: EventSinkConfig, endpoint: a:1}";
        var rack = new ConfigLayer("rack", [Sink]) { IsBeside = true };
        var cluster = new ConfigLayer("cluster", ["[{op: add, path: /machine/b, value: y}]"]);

        Assert.Equal(
            [
                "generated machine.a", "cluster machine.b", "rack EventSinkConfig: apiVersion", "rack EventSinkConfig: kind",
                "rack EventSinkConfig: endpoint",
            ],
            Applied("machine: {a: x}", rack, cluster).Leaves.Select(leaf => $"{leaf.Word.Layer} {leaf.Place}"));
        Assert.Null(LayeredConfig.Apply("machine: {a: x}", [rack with { IsBeside = false }, cluster], out var refusal));
        Assert.StartsWith("layer cluster: line 1: a JSON patch is for a config of one document", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_JSON_patch_owns_what_it_adds_and_what_it_moves_stays_with_its_layer()
    {
        var effective = Applied("machine: {a: x, b: y}", new ConfigLayer("node",
        [
            "[{op: move, from: /machine/a, path: /machine/c}, {op: copy, from: /machine/b, path: /machine/d}]",
            "[{op: add, path: /machine/e, value: z}]",
        ]));

        Assert.Equal(
            ["machine.b generated", "machine.c generated", "machine.d node", "machine.e node"],
            effective.Leaves.Select(l => $"{l.Place} {l.Word.Layer}"));
    }

    [Fact]
    public void A_whole_document_that_a_layer_deletes_is_explained_as_removed()
    {
        var effective = Applied(
            Generated("v1.13.9", MachineType.Worker),
            new ConfigLayer("node", ["{apiVersion: v1alpha1, kind: HostnameConfig, $patch: delete}"]));

        Assert.Contains(effective.Removed, leaf => leaf is
        {
            Place: { Document: "HostnameConfig", Path: "hostname" }, Word.Layer: "node",
            Overridden: [{ Layer: "generated", Value: "cp-1" }],
        });
        Assert.DoesNotContain("HostnameConfig", effective.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("machine:\n  token: x\n", "layer class, patch 2: line 2: machine.token is set by the coordinator and cannot be patched.")]
    [InlineData("a: b: c\n", "layer class, patch 2: line 1, column 5: ")]
    [InlineData("machine:\n  env: {$patch: delete}\n", "layer class, patch 2: line 2: machine.env is not there, so it cannot be deleted.")]
    public void A_patch_that_does_not_apply_is_named(string patch, string refusal)
    {
        Assert.Null(LayeredConfig.Apply("machine: {a: x}", [Role, new("class", ["machine: {b: y}", patch])], out var said));
        Assert.StartsWith(refusal, said, StringComparison.Ordinal);
    }

    [Fact]
    public void An_effective_config_in_a_log_line_shows_nothing() =>
        Assert.Equal("EffectiveConfig", Applied("machine: {token: x}").ToString());

    private static string Generated(string talos, MachineType type) =>
        MachineConfigGenerator.Generate(Fixture.Input(talos, "v1.30.0"), Fixture.Secrets, type);

    private static EffectiveConfig Applied(string config, params ConfigLayer[] layers)
    {
        var effective = LayeredConfig.Apply(config, layers, out var refusal);
        Assert.Equal("", refusal);
        return effective!;
    }
}
