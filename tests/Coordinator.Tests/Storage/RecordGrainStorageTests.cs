using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Nodes;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Cozy.Fleet.Coordinator.Tests.Storage;

public sealed class RecordGrainStorageTests : IAsyncLifetime
{
    private static readonly GrainId Grain = GrainId.Create("node", "n1");
    private static readonly NodeRecord Node = new(new ResourceMetadata("n1", "u1", DateTimeOffset.UnixEpoch)) { Macs = ["aa"] };

    private readonly TemporaryDirectory directory = new();
    private FleetDatabase database = null!;
    private RecordGrainStorage storage = null!;

    public ValueTask InitializeAsync()
    {
        database = FleetDatabase.Open(directory.Path);
        storage = new(new SqliteRecordStore(database));
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_state_that_was_never_written_does_not_exist()
    {
        var state = new GrainState<NodeRecord>(Node, "7") { RecordExists = true };

        await storage.ReadStateAsync("nodes", Grain, state);

        Assert.Equal((null, null, false), (state.State, state.ETag, state.RecordExists));
    }

    [Fact]
    public async Task A_state_is_read_as_it_was_written()
    {
        var written = new GrainState<NodeRecord>(Node);
        await storage.WriteStateAsync("nodes", Grain, written);
        Assert.True(written.RecordExists);

        var read = new GrainState<NodeRecord>();
        await storage.ReadStateAsync("nodes", Grain, read);

        Assert.Equal((Node, written.ETag, true), (read.State, read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task Every_write_needs_the_etag_of_the_last_one()
    {
        var mine = new GrainState<NodeRecord>(Node);
        await storage.WriteStateAsync("nodes", Grain, mine);
        var others = new GrainState<NodeRecord>(Node, mine.ETag) { RecordExists = true };
        await storage.WriteStateAsync("nodes", Grain, others);

        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("nodes", Grain, mine));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("nodes", Grain, mine));
        await Assert.ThrowsAsync<InconsistentStateException>(
            () => storage.WriteStateAsync("nodes", Grain, new GrainState<NodeRecord>(Node)));
    }

    [Fact]
    public async Task A_cleared_state_may_be_written_again()
    {
        var state = new GrainState<NodeRecord>(Node);
        await storage.WriteStateAsync("nodes", Grain, state);

        await storage.ClearStateAsync("nodes", Grain, state);
        Assert.Equal((null, null, false), (state.State, state.ETag, state.RecordExists));
        await storage.ClearStateAsync("nodes", Grain, state);

        state.State = Node;
        await storage.WriteStateAsync("nodes", Grain, state);
        Assert.True(state.RecordExists);
    }
}
