using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class VersionRulesTests
{
    [Theory]
    [InlineData("v1.6.0", "v1.24.0", null)]
    [InlineData("v1.6.0", "v1.29.9", null)]
    [InlineData("v1.13.9", "v1.36.3", null)]
    [InlineData("v1.14.0-rc.1", "v1.37.0-rc.0", null)]
    [InlineData("v1.6.0", "v1.30.0", "Talos v1.6.0 runs Kubernetes v1.24 to v1.29, not v1.30.0.")]
    [InlineData("v1.13.9", "v1.30.9", "Talos v1.13.9 runs Kubernetes v1.31 to v1.36, not v1.30.9.")]
    [InlineData("v1.13.9", "v2.31.0", "Talos v1.13.9 runs Kubernetes v1.31 to v1.36, not v2.31.0.")]
    [InlineData("v1.5.0", "v1.28.0", "Talos v1.5.0 is not supported; the range is v1.6 to v1.15.")]
    [InlineData("v2.6.0", "v1.28.0", "Talos v2.6.0 is not supported; the range is v1.6 to v1.15.")]
    public void A_pair_of_versions_fits_or_is_refused_with_the_range(string talos, string kubernetes, string? problem) =>
        Assert.Equal(problem, VersionRules.Problem(SemanticVersion.Parse(talos), SemanticVersion.Parse(kubernetes)));

    [Theory]
    [InlineData("v1.6.0", "v1.29.0")]
    [InlineData("v1.13.9", "v1.36.0")]
    [InlineData("v1.5.0", null)]
    public void The_newest_Kubernetes_of_a_release_fits_it(string talos, string? kubernetes) =>
        Assert.Equal(kubernetes, VersionRules.NewestKubernetes(SemanticVersion.Parse(talos))?.ToString());
}
