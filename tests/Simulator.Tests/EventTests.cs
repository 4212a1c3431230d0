using Cozy.Fleet.Talos.Api.Machine;

namespace Cozy.Fleet.Simulator.Tests;

public sealed class EventTests
{
    [Fact]
    public async Task A_reader_gets_all_events_of_the_boot_and_then_those_to_come()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9");
        using var call = TestRack.Raw(rack.Secure(0)).Events(new() { TailEvents = -1 }, cancellationToken: TestRack.Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(TestRack.Cancellation));
        Assert.Null(call.ResponseStream.Current.Data);

        var (stages, ids) = (new List<string>(), new List<string>());
        while (!stages.Contains("Running True") && await call.ResponseStream.MoveNext(TestRack.Cancellation))
        {
            Assert.StartsWith("talos/runtime/machine.", call.ResponseStream.Current.Data!.TypeUrl, StringComparison.Ordinal);
            ids.Add(call.ResponseStream.Current.Id);
            Add(stages, call.ResponseStream.Current.Data);
        }

        Assert.Equal(["Booting False", "Running True"], stages.Where(s => s is "Booting False" or "Running True").Distinct());
        Assert.All(ids, id => Assert.Equal(20, id.Length));
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
    }

    [Fact]
    public async Task A_reader_resumes_after_the_last_id_that_it_saw()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9");
        var all = await TakeAsync(rack, new() { TailEvents = -1 }, 4);

        var rest = await TakeAsync(rack, new() { TailId = all[1].Id }, 2);

        Assert.Equal(all.Skip(2).Select(e => e.Id), rest.Select(e => e.Id));
    }

    [Fact]
    public async Task The_sink_is_told_everything_from_the_machines_own_address_until_it_reboots()
    {
        await using var sink = await EventSinkDouble.StartAsync();
        await using var rack = new TestRack("v1.13.9", 1, commandLine: $"talos.platform=metal talos.events.sink={sink.EndPoint}");
        await rack.BringUpAsync(controlPlanes: 1);

        var stages = new List<string>();
        var (ids, hostnames) = (new List<string>(), new List<string>());
        await foreach (var (peer, request) in sink.Requests.Reader.ReadAllAsync(TestRack.Cancellation))
        {
            Assert.Equal(rack.Addresses[0], peer);
            Assert.StartsWith("type.googleapis.com/machine.", request.Data.TypeUrl, StringComparison.Ordinal);
            ids.Add(request.Id);
            if (request.Data.TryUnpack<AddressEvent>(out var address))
                hostnames.Add(address.Hostname);
            Add(stages, request.Data);
            if (stages.Contains("Running True"))
                break;
        }

        Assert.Equal([$"talos-{rack.Machines[0].Options.Mac.Format('-')[^8..]}", "node-0"], hostnames);
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Superset(
            new HashSet<string> { "Maintenance True", "Installing True", "Rebooting True", "Booting False", "Running True" }, stages.ToHashSet());
    }

    private static void Add(List<string> stages, Google.Protobuf.WellKnownTypes.Any data)
    {
        if (data.TypeUrl.EndsWith("machine.MachineStatusEvent", StringComparison.Ordinal))
        {
            var status = MachineStatusEvent.Parser.ParseFrom(data.Value);
            stages.Add($"{status.Stage} {status.Status.Ready}");
        }
    }

    private static async Task<List<Event>> TakeAsync(TestRack rack, EventsRequest request, int count)
    {
        var found = new List<Event>();
        using var call = TestRack.Raw(rack.Secure(0)).Events(request, cancellationToken: TestRack.Cancellation);
        while (found.Count < count && await call.ResponseStream.MoveNext(TestRack.Cancellation))
        {
            if (call.ResponseStream.Current.Data is not null)
                found.Add(call.ResponseStream.Current);
        }
        return found;
    }
}
