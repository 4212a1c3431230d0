using Cozy.Fleet.Coordinator.Api.Writing;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class FieldMasksTests
{
    private static V1.Cluster Present => new()
    {
        Metadata = new() { Name = "c1", Labels = { ["old"] = "1" }, Annotations = { ["note"] = "old" } },
        Spec = new()
        {
            Image = "old", KubernetesVersion = "v1.35.0", ControlPlane = new() { Count = 3, Filter = "*" }, PodSubnets = { "10.1.0.0/16" },
        },
        Status = new() { Endpoint = "https://old" },
    };

    private static V1.Cluster Update => new()
    {
        Metadata = new() { Name = "c1", Labels = { ["new"] = "2" } },
        Spec = new() { Image = "new", ControlPlane = new() { Count = 5 }, PodSubnets = { "10.9.0.0/16" } },
        Status = new() { Endpoint = "https://new" },
    };

    public static TheoryData<string, string> Merges => new()
    {
        // mask; image, version, count, filter, pod subnets, labels, annotations
        { "", "new,,5,,10.9.0.0/16,new," },
        { "*", "new,,5,,10.9.0.0/16,new," },
        { "spec", "new,,5,,10.9.0.0/16,old,note" },
        { "spec.image", "new,v1.35.0,3,*,10.1.0.0/16,old,note" },
        { "spec.kubernetes_version", "old,,3,*,10.1.0.0/16,old,note" },
        { "spec.control_plane", "old,v1.35.0,5,,10.1.0.0/16,old,note" },
        { "spec.control_plane.count", "old,v1.35.0,5,*,10.1.0.0/16,old,note" },
        { "spec.pod_subnets metadata.labels", "old,v1.35.0,3,*,10.9.0.0/16,new,note" },
        { "metadata.annotations", "old,v1.35.0,3,*,10.1.0.0/16,old," },
    };

    [Theory]
    [MemberData(nameof(Merges))]
    public void A_mask_says_which_fields_are_carried_over(string mask, string expected)
    {
        var merged = FieldMasks.Merge(Present, Update, Mask(mask));

        var spec = merged.Spec;
        Assert.Equal(expected, string.Join(',', spec.Image, spec.KubernetesVersion, spec.ControlPlane.Count, spec.ControlPlane.Filter,
            string.Join('+', spec.PodSubnets), string.Join('+', merged.Metadata.Labels.Keys), string.Join('+', merged.Metadata.Annotations.Keys)));
        Assert.Equal("https://old", merged.Status.Endpoint);
    }

    [Theory]
    [InlineData("spec.imagee")]
    [InlineData("status.phase")]
    [InlineData("metadata.name")]
    [InlineData("metadata")]
    [InlineData("spec.patches.name")]
    [InlineData("spec..image")]
    [InlineData("")]
    public void A_path_that_cannot_be_written_is_refused_by_name(string path)
    {
        var refused = Assert.Throws<RpcException>(() => FieldMasks.Merge(Present, Update, new() { Paths = { "spec.image", path } }));

        var violation = Assert.Single(refused.GetRpcStatus()!.GetDetail<BadRequest>().FieldViolations);
        Assert.Equal("update_mask", violation.Field);
        Assert.Contains($"'{path}'", violation.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spec.acceptance")]
    [InlineData("spec.acceptance.state")]
    public void Acceptance_is_output_only(string path) =>
        Assert.Throws<RpcException>(() => FieldMasks.Merge(new V1.Node(), new V1.Node(), new() { Paths = { path } }));

    private static FieldMask Mask(string paths) => new() { Paths = { paths.Split(' ', StringSplitOptions.RemoveEmptyEntries) } };
}
