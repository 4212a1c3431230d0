using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Nodes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class MessageFieldsTests
{
    private static readonly NodeRecord Bare = new(new ResourceMetadata("bare", "u", FilledNode.Time));

    public static TheoryData<string> NodePaths =>
        [.. NodeFields.Paths, "metadata.labels.topology.kubernetes.io/zone", "metadata.annotations.note", "metadata.labels.none"];

    [Theory]
    [MemberData(nameof(NodePaths))]
    public void Filters_and_acceptance_rules_see_the_same_values(string path)
    {
        foreach (var node in new[] { FilledNode.Record, Bare })
            Assert.Equal(NodeFields.Values(node, path), MessageFields.Values(node.ToProto("7"), path));
        Assert.True(MessageFields.Exists(V1.Node.Descriptor, path));
    }

    [Theory]
    [InlineData("status.conditions.type", "TalosReady")]
    [InlineData("status.conditions.status", "CONDITION_STATUS_TRUE")]
    [InlineData("status.lastSeenTime", "2024-10-04T00:00:00Z")]
    [InlineData("status.last_seen_time", "2024-10-04T00:00:00Z")]
    [InlineData("metadata.generation", "3")]
    public void Values_are_those_of_the_JSON_form(string path, string value) =>
        Assert.Equal([value], MessageFields.Values(FilledNode.Record.ToProto("7"), path));

    [Theory]
    [InlineData("status.facts")]
    [InlineData("status.phase.more")]
    [InlineData("metadata.labels")]
    [InlineData("nothing")]
    public void Paths_that_lead_to_no_value_do_not_exist(string path) => Assert.False(MessageFields.Exists(V1.Node.Descriptor, path));
}
