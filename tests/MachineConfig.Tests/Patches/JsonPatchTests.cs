using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests.Patches;

public sealed class JsonPatchTests
{
    private const string Config = "machine: {certSANs: [a, b], env: {x: y, a/b: c, m~n: d}, install: {disk: /dev/sda}}\n";

    public static TheoryData<string, string> Operations => new()
    {
        { "{op: add, path: /machine/env/k, value: v}", "{certSANs: [a, b], env: {x: y, a/b: c, m~n: d, k: v}, install: {disk: /dev/sda}}" },
        { "{op: add, path: /machine/certSANs/-, value: c}", "{certSANs: [a, b, c], env: {x: y, a/b: c, m~n: d}, install: {disk: /dev/sda}}" },
        { "{op: add, path: /machine/certSANs/0, value: c}", "{certSANs: [c, a, b], env: {x: y, a/b: c, m~n: d}, install: {disk: /dev/sda}}" },
        { "{op: remove, path: /machine/env}", "{certSANs: [a, b], install: {disk: /dev/sda}}" },
        { "{op: remove, path: /machine/certSANs/0}", "{certSANs: [b], env: {x: y, a/b: c, m~n: d}, install: {disk: /dev/sda}}" },
        { "{op: replace, path: /machine/env/a~1b, value: z}", "{certSANs: [a, b], env: {x: y, a/b: z, m~n: d}, install: {disk: /dev/sda}}" },
        { "{op: replace, path: /machine/env/m~0n, value: z}", "{certSANs: [a, b], env: {x: y, a/b: c, m~n: z}, install: {disk: /dev/sda}}" },
        { "{op: replace, path: /machine/certSANs/1, value: c}", "{certSANs: [a, c], env: {x: y, a/b: c, m~n: d}, install: {disk: /dev/sda}}" },
        { "{op: move, from: /machine/env/x, path: /machine/env/w}", "{certSANs: [a, b], env: {a/b: c, m~n: d, w: y}, install: {disk: /dev/sda}}" },
        { "{op: copy, from: /machine/env/x, path: /machine/certSANs/-}", "{certSANs: [a, b, y], env: {x: y, a/b: c, m~n: d}, install: {disk: /dev/sda}}" },
        { "{op: test, path: /machine/env/x, value: y}", "{certSANs: [a, b], env: {x: y, a/b: c, m~n: d}, install: {disk: /dev/sda}}" },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void An_operation_does_what_RFC_6902_says(string operation, string machine)
    {
        var patched = ConfigPatch.Apply(Config, $"- {operation}\n", out var refusal);

        Assert.Equal("", refusal);
        Assert.Equal($"machine: {machine}\n", patched);
    }

    [Fact]
    public void JSON_is_read_as_well_as_YAML() => Assert.Contains(
        "disk: \"/dev/sdb\"", ConfigPatch.Apply(Config, """[{"op": "replace", "path": "/machine/install/disk", "value": "/dev/sdb"}]""", out _));

    [Theory]
    [InlineData("{op: remove, path: /machine/udev}", "line 2: /machine/udev is not there.")]
    [InlineData("{op: replace, path: /machine/certSANs/2, value: x}", "line 2: /machine/certSANs/2 is not there.")]
    [InlineData("{op: add, path: /machine/certSANs/01, value: x}", "line 2: /machine/certSANs/01 is not there.")]
    [InlineData("{op: test, path: /machine/env/x, value: z}", "line 2: /machine/env/x is not what the patch tests for.")]
    [InlineData("{op: move, from: /machine/env, path: /machine/env/x}", "line 2: /machine/env cannot be moved into itself.")]
    public void An_operation_that_does_not_fit_is_refused_and_nothing_is_applied(string operation, string expected)
    {
        Assert.Null(ConfigPatch.Apply(Config, $"- {{op: add, path: /machine/env/new, value: v}}\n- {operation}\n", out var refusal));
        Assert.Equal(expected, refusal);
    }

    [Theory]
    [InlineData("- {op: append, path: /a}", "line 1: op 'append' is not add, remove, replace, move, copy or test.")]
    [InlineData("- {op: add, path: /a}", "line 1: add needs a value.")]
    [InlineData("- {op: add, path: a, value: x}", "line 1: path 'a' does not start with '/'.")]
    [InlineData("- {op: remove}", "line 1: remove needs a path.")]
    [InlineData("- {op: move, path: /a}", "line 1: move needs a from.")]
    [InlineData("- {op: replace, path: /machine, value: x}", "line 1: machine.type is set by the coordinator and cannot be patched.")]
    [InlineData("- {op: remove, path: /machine/ca/crt}", "line 1: machine.ca is set by the coordinator and cannot be patched.")]
    [InlineData("- {op: move, from: /cluster/token, path: /x}", "line 1: cluster.token is set by the coordinator and cannot be patched.")]
    public void A_bad_operation_is_refused_before_it_meets_a_config(string patch, string expected) =>
        Assert.Equal(expected, ConfigPatch.Problem(patch, SemanticVersion.Parse("v1.11.0")));

    [Fact]
    public void A_config_of_several_documents_takes_no_JSON_patch()
    {
        var several = Config + "---\nkind: HostnameConfig\nhostname: n\n";

        Assert.Null(ConfigPatch.Apply(several, "- {op: remove, path: /machine/env}\n", out var refusal));
        Assert.StartsWith("line 1: a JSON patch is for a config of one document", refusal, StringComparison.Ordinal);
        Assert.Null(ConfigPatch.Problem("- {op: remove, path: /machine/env}\n", SemanticVersion.Parse("v1.11.0")));
    }
}
