using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Nodes;
using Orleans;

namespace Cozy.Fleet.Coordinator.Tests.Hosting;

public sealed class CoordinatorHostTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task A_node_is_as_it_was_after_a_restart()
    {
        NodeRecord? before;
        await using (var coordinator = await RunningCoordinator.StartAsync(directory.Path))
        {
            var grains = coordinator.Service<IGrainFactory>();
            await grains.GetGrain<IRackGrain>("r1").Create(new(), new("r1", "u1", DateTimeOffset.UnixEpoch), false);
            Assert.Null(await grains.GetGrain<INodeGrain>("n1").Get());
            await grains.GetGrain<INodeGrain>("n1").Boot("r1", BootReports.First("52:54:00:00:00:01"));
            await grains.GetGrain<INodeGrain>("n1").Decide(AcceptanceState.Accepted, "operators/ann", "");
            before = await grains.GetGrain<INodeGrain>("n1").Get();
        }

        await using var again = await RunningCoordinator.StartAsync(directory.Path);
        var node = again.Service<IGrainFactory>().GetGrain<INodeGrain>("n1");
        var after = await node.Get();

        Assert.Equal(AcceptanceState.Accepted, after!.Spec.Acceptance.State);
        Assert.Equal(RecordJson.Write(before), RecordJson.Write(after));
        // It can be written on with the etag that was read.
        var answer = await node.Decide(AcceptanceState.Rejected, "operators/ann", "");
        Assert.True(answer.Accepted(out _, out var refusal), refusal?.Message);
    }

    [Fact]
    public async Task Two_coordinators_run_beside_each_other()
    {
        using var other = new TemporaryDirectory();
        await using var first = await RunningCoordinator.StartAsync(directory.Path);
        await using var second = await RunningCoordinator.StartAsync(other.Path);

        Assert.NotEqual(first.Url, second.Url);
        Assert.NotEqual(first.Ca.Fingerprint, second.Ca.Fingerprint);
    }

    [Fact]
    public async Task A_second_coordinator_on_the_same_data_is_refused()
    {
        await using var first = await RunningCoordinator.StartAsync(directory.Path);

        var refusal = await Assert.ThrowsAsync<StorageException>(() => RunningCoordinator.StartAsync(directory.Path));

        Assert.Contains("Another coordinator runs on the data directory", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lock_ends_with_its_holder()
    {
        DataDirectoryLock.Take(directory.Path).Dispose();
        using var next = DataDirectoryLock.Take(directory.Path);
        Assert.Throws<StorageException>(() => DataDirectoryLock.Take(directory.Path));
    }
}
