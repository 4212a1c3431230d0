using Cozy.Fleet.Talos;
using Cozy.Fleet.Talos.Api.Config;
using Cozy.Fleet.Talos.Api.Cosi;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>Watches of a node's resources (talos.md 2.1), by our client and in the node's own words.</summary>
public sealed class ResourceWatchTests
{
    private const string MachineStatuses = "MachineStatuses.runtime.talos.dev";

    [Theory]
    [InlineData("v1.6.8")]
    [InlineData("v1.13.9")]
    public async Task A_watch_tells_what_is_there_then_its_end_then_each_change_until_the_machine_reboots(string version)
    {
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");
        await using var watch = new CosiWatch(rack.Maintenance(0).Invoker, "runtime", MachineStatuses)
            .ReadAsync(TestRack.Cancellation).GetAsyncEnumerator(TestRack.Cancellation);
        var told = new List<string>();
        while (!told.Contains("Bootstrapped") && await watch.MoveNextAsync())
            told.Add(Line(watch.Current));

        await ConfigureAsync(rack);
        var end = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watch.MoveNextAsync())
                told.Add(Line(watch.Current));
        });

        Assert.Equal(["Established", "Created maintenance", "Bootstrapped", "Updated installing"], told.Take(4));
        Assert.NotEqual(StatusCode.PermissionDenied, end.StatusCode);
    }

    [Fact]
    public async Task A_resource_that_goes_is_told_with_what_it_was()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9");
        var node = TestRack.Operate(rack.Secure(0));
        const string Image = "factory.example/metal-installer/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb:v1.13.10";
        await node.PullAsync(Image, _ => { });
        await node.InstallUpgradeAsync(Image, _ => { });
        await node.RebootAsync();
        await rack.UntilAsync(0, "diskboot", 2);

        // The boot confirms itself when the node is ready: META key 6 is there before, and gone after.
        var told = await AnsweredAsync(() =>
            ReadAsync(rack.Secure(0), "runtime", "MetaKeys.runtime.talos.dev", change => change is CosiEvent.Destroyed));

        Assert.Equal(["Established", "Created A", "Bootstrapped", "Destroyed A"], told.Select(Line));
    }

    [Theory]
    [InlineData("v1.6.8", "SystemDisks.block.talos.dev")]
    [InlineData("v1.13.9", "BootIDs.runtime.talos.dev")]
    public async Task A_type_that_the_release_lacks_is_refused_and_never_just_empty(string version, string type)
    {
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");

        var refused = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(rack.Maintenance(0), "runtime", type, _ => false));

        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
    }

    [Theory]
    [InlineData("v1.6.8", true)]
    [InlineData("v1.13.9", false)]
    public async Task A_config_has_the_same_bytes_in_every_release_and_another_form_as_yaml(string version, bool isMapping)
    {
        await using var rack = await UpgradeTests.RunningAsync(version);

        var told = await ReadAsync(rack.Secure(0), "config", "MachineConfigs.config.talos.dev", change => change is CosiEvent.Bootstrapped);

        var config = Assert.Single(told.OfType<CosiEvent.Created>()).Resource;
        Assert.StartsWith("version: v1alpha1", MachineConfigSpec.Parser.ParseFrom(config.Bytes).YamlMarshalled.ToStringUtf8(),
            StringComparison.Ordinal);
        Assert.Equal(isMapping, config.Text("version") == "v1alpha1");
    }

    [Fact]
    public async Task A_watch_of_one_resource_begins_with_it_or_with_its_absence_and_knows_no_bootstrap()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.UntilAsync(0, "maintenance");
        var client = new State.StateClient(rack.Maintenance(0).Invoker);

        Assert.Equal(EventType.Created,
            (await FirstAsync(new() { Namespace = "runtime", Type = MachineStatuses, Id = "machine" })).EventType);
        Assert.Equal(EventType.Destroyed,
            (await FirstAsync(new() { Namespace = "runtime", Type = MachineStatuses, Id = "other" })).EventType);
        var refused = await Assert.ThrowsAsync<RpcException>(() => FirstAsync(new()
        {
            Namespace = "runtime", Type = MachineStatuses, Id = "machine", Options = new() { BootstrapContents = true },
        }));
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);

        async Task<Event> FirstAsync(WatchRequest request)
        {
            using var call = client.Watch(request, cancellationToken: TestRack.Cancellation);
            Assert.True(await call.ResponseStream.MoveNext(TestRack.Cancellation));
            Assert.Empty(call.ResponseStream.Current.Event);
            Assert.True(await call.ResponseStream.MoveNext(TestRack.Cancellation));
            return call.ResponseStream.Current.Event.Single();
        }
    }

    [Fact]
    public async Task The_end_of_what_is_there_is_told_to_those_only_who_ask_with_the_newer_version()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.UntilAsync(0, "maintenance");
        using var call = new State.StateClient(rack.Maintenance(0).Invoker).Watch(
            new() { Namespace = "runtime", Type = MachineStatuses, Options = new() { BootstrapContents = true } },
            cancellationToken: TestRack.Cancellation);
        var types = new List<EventType>();
        while (types.Count < 2 && await call.ResponseStream.MoveNext(TestRack.Cancellation))
        {
            types.AddRange(call.ResponseStream.Current.Event.Select(e => e.EventType));
            if (types.Count == 1)
                await ConfigureAsync(rack);
        }

        Assert.Equal([EventType.Created, EventType.Updated], types);
    }

    /// <summary>The node's first config: it installs itself and reboots.</summary>
    internal static async Task ConfigureAsync(TestRack rack) => Assert.Equal(TalosResult.Done(), await TestRack.Operate(rack.Maintenance(0))
        .ApplyAsync(System.Text.Encoding.UTF8.GetBytes(rack.Config(0, MachineConfig.MachineType.ControlPlane)), dryRun: false));

    /// <summary>The node boots: it is asked again until it answers.</summary>
    internal static async Task<T> AnsweredAsync<T>(Func<Task<T>> ask)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (RpcException exception) when (exception.StatusCode is StatusCode.Unavailable or StatusCode.Internal)
            {
                // Not up yet.
            }
        }
    }

    private static async Task<List<CosiEvent>> ReadAsync(TalosConnection node, string @namespace, string type, Func<CosiEvent, bool> last)
    {
        var told = new List<CosiEvent>();
        await foreach (var change in new CosiWatch(node.Invoker, @namespace, type).ReadAsync(TestRack.Cancellation))
        {
            told.Add(change);
            if (last(change))
                break;
        }
        return told;
    }

    private static string Line(CosiEvent change) => change switch
    {
        CosiEvent.Created created => $"Created {Content(created.Resource)}",
        CosiEvent.Updated updated => $"Updated {Content(updated.Resource)}",
        CosiEvent.Destroyed destroyed => $"Destroyed {Content(destroyed.Resource)}",
        _ => change.GetType().Name,
    };

    private static string Content(CosiResource resource) => resource.Text("stage") is { Length: > 0 } stage ? stage
        : resource.Text("value");
}
