using Grpc.Core;

namespace Cozy.Fleet.Talos.Tests;

public sealed class TalosCallTests
{
    [Theory]
    [InlineData(StatusCode.PermissionDenied, "os:reader", "Rollback needs the role os:admin, and our certificate has os:reader; use one with that role")]
    [InlineData(StatusCode.PermissionDenied, "", "Rollback needs the role os:admin, and a node in maintenance mode takes everybody for os:reader; give it a config first")]
    [InlineData(StatusCode.PermissionDenied, "os:admin", "")]
    [InlineData(StatusCode.Unimplemented, "", "before Talos v1.13 a node in maintenance mode does not know Rollback; give it a config first")]
    [InlineData(StatusCode.Unavailable, "os:reader", "")]
    public void A_refusal_is_explained_by_role_and_mode(StatusCode code, string role, string words) =>
        Assert.Equal(words, TalosCall.Rollback.Explain(code, role == "" ? [] : [role]));

    [Fact]
    public void A_call_that_an_old_node_lacks_names_its_release() => Assert.Equal(
        "LifecycleService.Upgrade came with Talos v1.13; this node is older", TalosCall.InstallUpgrade.Explain(StatusCode.Unimplemented, ["os:admin"]));

    [Fact]
    public void A_call_for_control_planes_says_so_on_a_worker() => Assert.Equal(
        "only a control plane answers Bootstrap; ask one", TalosCall.Bootstrap.Explain(StatusCode.Unimplemented, ["os:admin"]));
}
