using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Validation;
using Google.Protobuf.WellKnownTypes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class RulesTests
{
    public static TheoryData<string, Action<V1.ImageSpec>> BadImages => new()
    {
        { "spec.talos_version spec.installer", s => s.TalosVersion = "1.13.1" },
        { "spec.schematic_id", s => s.SchematicId = "abc" },
        { "spec.installer", s => s.Installer = "ghcr.io/siderolabs/installer:v1.13.0" },
        { "spec.installer", s => s.Installer = "ghcr.io/siderolabs/installer" },
        { "spec.assets[0].url", s => s.Assets[0].Url = "/vmlinuz" },
        { "spec.assets[0].url", s => s.Assets[0].Url = "ftp://x/vmlinuz" },
        { "spec.assets[1].sha256", s => s.Assets[1].Sha256 = new('A', 64) },
        { "spec.assets[0].architecture", s => s.Assets[0].Architecture = V1.Architecture.Unspecified },
        { "spec.assets", s => s.Assets.Add(RunningApi.Asset(V1.AssetKind.Kernel, 'c')) },
        { "spec.kernel_args", s => s.KernelArgs.Add("a b") },
        { "spec.factory.url", s => s.Factory = new() { Url = "factory.talos.dev", Schematic = "{}" } },
        { "spec.factory.schematic", s => s.Factory = new() { Url = "https://factory.test" } },
        { "spec.factory.schematic", s => s.Factory = new() { Url = "https://factory.test", Schematic = "custom: {}" } },
        {
            "spec.schematic_id",
            s => (s.SchematicId, s.Factory) = (new('0', 64), new() { Url = "https://factory.test", Schematic = "{}" })
        },
        {
            "spec.factory.architectures",
            s => s.Factory = new() { Url = "https://factory.test", Schematic = "{}", Architectures = { V1.Architecture.Unspecified } }
        },
        { "spec.schematic_id spec.assets[0].url", s => (s.SchematicId, s.Assets[0].Url) = ("x", "y") },
    };

    [Theory]
    [MemberData(nameof(BadImages))]
    public void Everything_that_is_wrong_with_an_image_is_said_at_once(string fields, Action<V1.ImageSpec> spoil)
    {
        var spec = RunningApi.Image("x").Spec;
        spoil(spec);

        Assert.Equal(fields.Split(' '), Found(p => ImageRules.Check(spec, p)));
    }

    [Theory]
    [InlineData("v1.13.1", "ghcr.io/siderolabs/installer:v1.13.1")]
    [InlineData("v1.13.1-beta.0", "registry.local:5000/a/b:v1.13.1-beta.0")]
    public void A_good_image_passes(string version, string installer)
    {
        var spec = RunningApi.Image("x").Spec;
        (spec.TalosVersion, spec.Installer) = (version, installer);

        Assert.Empty(Found(p => ImageRules.Check(spec, p)));
    }

    [Fact]
    public void With_a_factory_installer_and_urls_may_be_left_out()
    {
        var spec = RunningApi.Image("x").Spec;
        (spec.Installer, spec.Assets[0].Url, spec.Factory) = ("", "", new() { Url = "https://factory.test", Schematic = "{}" });

        Assert.Empty(Found(p => ImageRules.Check(spec, p)));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("r1.dc-2", true)]
    [InlineData("", false)]
    [InlineData("R1", false)]
    [InlineData("-r1", false)]
    [InlineData("r1.", false)]
    [InlineData("r/1", false)]
    [InlineData("r1\n", false)]
    [InlineData("a123456789a123456789a123456789a123456789a123456789a123456789abc", true)]
    [InlineData("a123456789a123456789a123456789a123456789a123456789a123456789abcd", false)]
    public void Names_are_lower_case_letters_digits_dash_and_dot(string name, bool good) => Assert.Equal(good, NameRules.IsName(name));

    [Theory]
    [InlineData("r", "status.rack = r1", "")]
    [InlineData("r", "*", "")]
    [InlineData("r", "", "spec.acceptance_rules[0].filter")]
    [InlineData("", "*", "spec.acceptance_rules[0].name")]
    [InlineData("r", "status.rack", "spec.acceptance_rules[0].filter")]
    [InlineData("r", "status.rak != r1", "spec.acceptance_rules[0].filter")]
    [InlineData("r", "status.bootDecision = disk", "spec.acceptance_rules[0].filter")]
    public void A_rule_accepts_machines_only_by_what_it_can_read(string name, string filter, string field)
    {
        var spec = new V1.RackSpec { AcceptanceRules = { new V1.AcceptanceRule { Name = name, Filter = filter } } };

        Assert.Equal(field, string.Join(' ', Found(p => SpecRules.Check(spec, p))));
    }

    [Fact]
    public void Rules_of_one_name_are_refused() => Assert.Equal(["spec.acceptance_rules"], Found(p => SpecRules.Check(
        new V1.RackSpec { AcceptanceRules = { new V1.AcceptanceRule { Name = "a", Filter = "*" }, new V1.AcceptanceRule { Name = "a", Filter = "*" } } }, p)));

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(0, 999_999_999, false)]
    [InlineData(1, 0, true)]
    [InlineData(600, 0, true)]
    [InlineData(601, 0, false)]
    [InlineData(5, -1, false)]
    public void A_menu_can_be_read_and_ends(long seconds, int nanos, bool good)
    {
        var spec = new V1.RackSpec { BootMenuTimeout = new() { Seconds = seconds, Nanos = nanos } };

        Assert.Equal(good ? [] : ["spec.boot_menu_timeout"], Found(p => SpecRules.Check(spec, p)));
    }

    [Fact]
    public void Waits_of_a_rollout_are_not_negative()
    {
        var spec = new V1.RolloutSpec
        {
            Cluster = "c1", TalosUpgrade = new() { Image = "i" },
            Strategy = new() { Soak = new Duration { Seconds = -1 }, DrainTimeout = new Duration { Seconds = 0, Nanos = -1 } },
        };

        Assert.Equal(["spec.strategy.soak", "spec.strategy.drain_timeout"], Found(p => SpecRules.Check(spec, p)));
    }

    [Fact]
    public void Member_sets_have_a_shape()
    {
        var spec = new V1.ClusterSpec
        {
            Image = "i", KubernetesVersion = "v1.36.3", ControlPlane = new() { Count = -1 }, Workers = new() { Filter = "status.x = 1", Count = 1 },
        };

        Assert.Equal(["spec.control_plane.count", "spec.workers.filter"], Found(p => SpecRules.Check(spec, p)));
    }

    private static string[] Found(Action<Problems> check)
    {
        var problems = new Problems();
        check(problems);
        return [.. problems.Found.Select(p => p.Field)];
    }
}
