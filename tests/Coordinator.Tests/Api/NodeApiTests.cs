using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class NodeApiTests(RunningApi api) : IClassFixture<RunningApi>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_watcher_sees_that_a_node_is_accepted_and_by_whom()
    {
        await api.SeenAsync("watched-1");
        using var watch = api.Nodes.WatchNodes(new() { Filter = "metadata.name = watched-1" }, cancellationToken: Token);
        var picture = await RunningApi.NextAsync(watch.ResponseStream);
        var bookmark = await RunningApi.NextAsync(watch.ResponseStream);

        await api.Nodes.AcceptNodeAsync(new() { Name = "watched-1" }, cancellationToken: Token);

        var change = await RunningApi.NextAsync(watch.ResponseStream);
        Assert.Equal((V1.ChangeType.Added, V1.ChangeType.Bookmark), (picture.Type, bookmark.Type));
        Assert.Equal((V1.ChangeType.Modified, "watched-1"), (change.Type, change.Node.Metadata.Name));
        Assert.Equal((V1.AcceptanceState.Accepted, "ann"), (change.Node.Spec.Acceptance.State, change.Node.Spec.Acceptance.DecidedBy));
    }

    [Theory]
    [InlineData("named-full-name")]
    [InlineData("named-f")]
    [InlineData("52:54:00:00:00:77")]
    [InlineData("52-54-00-00-00-77")]
    [InlineData("db-7")]
    public async Task A_node_is_found_by_what_people_call_it(string given)
    {
        await api.SeenAsync("named-full-name", mac: "52:54:00:00:00:77");
        await api.Nodes.UpdateNodeAsync(
            new() { Node = new() { Metadata = new() { Name = "named-full-name" }, Spec = new() { Hostname = "db-7" } } },
            cancellationToken: Token);

        var found = await api.Nodes.GetNodeAsync(new() { Name = given }, cancellationToken: Token);

        Assert.Equal("named-full-name", found.Node.Metadata.Name);
    }

    [Fact]
    public async Task A_beginning_that_two_nodes_share_is_refused()
    {
        await api.SeenAsync("twin-1");
        await api.SeenAsync("twin-2");

        var (code, _) = await RunningApi.RefusalAsync(() => api.Nodes.RejectNodeAsync(new() { Name = "twin" }).ResponseAsync);

        Assert.Equal(StatusCode.InvalidArgument, code);
    }

    [Fact]
    public async Task An_update_of_the_whole_spec_leaves_the_acceptance_as_it_is()
    {
        await api.SeenAsync("kept-1");
        await api.Nodes.AcceptNodeAsync(new() { Name = "kept-1" }, cancellationToken: Token);

        var updated = await api.Nodes.UpdateNodeAsync(
            new() { Node = new() { Metadata = new() { Name = "kept-1" }, Spec = new() { Paused = true } } }, cancellationToken: Token);

        Assert.Equal((true, V1.AcceptanceState.Accepted), (updated.Node.Spec.Paused, updated.Node.Spec.Acceptance.State));
    }

    [Fact]
    public async Task A_person_clears_a_quarantine()
    {
        var grain = await api.SeenAsync("sick-1");
        await grain.Quarantine("fell back to v1.12.0");
        var before = await api.Nodes.GetNodeAsync(new() { Name = "sick-1" }, cancellationToken: Token);

        var cleared = await api.Nodes.ClearNodeQuarantineAsync(new() { Name = "sick-1" }, cancellationToken: Token);

        Assert.Equal(("fell back to v1.12.0", ""), (before.Node.Status.QuarantineReason, cleared.Node.Status.QuarantineReason));
    }

    [Fact]
    public async Task A_decision_over_an_old_etag_is_aborted()
    {
        await api.SeenAsync("late-1");
        var old = await api.Nodes.GetNodeAsync(new() { Name = "late-1" }, cancellationToken: Token);
        await api.Nodes.AcceptNodeAsync(new() { Name = "late-1" }, cancellationToken: Token);

        var (code, _) = await RunningApi.RefusalAsync(
            () => api.Nodes.RejectNodeAsync(new() { Name = "late-1", Etag = old.Node.Metadata.Etag }).ResponseAsync);

        Assert.Equal(StatusCode.Aborted, code);
    }
}
