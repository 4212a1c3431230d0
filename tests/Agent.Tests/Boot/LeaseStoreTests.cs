using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class LeaseStoreTests : IDisposable
{
    // So many records wait for the disk at the most.
    private const int Room = 4096;

    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddYears(50);

    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData(Room - 2)]
    [InlineData(Room - 1)]
    [InlineData(Room)]
    public async Task The_leases_of_one_answer_are_stored_together_or_not_at_all(int waiting)
    {
        var heard = new List<IOException?>();
        await using (var store = await OpenAsync(new([], [])))
        {
            using var isBusy = new SemaphoreSlim(0);
            using var isDone = new ManualResetEventSlim();
            store.Append([Lease(0)], Start, _ =>
            {
                isBusy.Release();
                isDone.Wait(TestContext.Current.CancellationToken);
            });
            await isBusy.WaitAsync(TestContext.Current.CancellationToken);
            for (var i = 0; i < waiting; i++)
                store.Append([Lease(0)], Start, _ => { });

            store.Append([Lease(1), Lease(2)], Start, heard.Add);
            isDone.Set();
        }

        Lease6[] expected = Assert.Single(heard) is null ? [Lease(1), Lease(2)] : [];
        Assert.Equal(expected, (await KeptAsync()).Where(lease => lease != Lease(0)));
    }

    [Fact]
    public async Task What_ended_more_than_a_week_ago_is_forgotten_when_the_agent_starts()
    {
        Lease6[] leases = [Lease(1) with { Declined = true }, Lease(2) with { Expires = Start.AddDays(-6) }, Lease(3) with { Expires = Start.AddDays(-8) }];
        await using (var store = await OpenAsync(new([], [])))
            store.Append(leases, Start, _ => { });
        await (await OpenAsync(new([], []))).DisposeAsync();

        Assert.Equal(leases[..2], await KeptAsync());
    }

    [Fact]
    public async Task A_lease_of_ipv4_comes_back_as_it_was()
    {
        var lease = new Lease(0x0a010009, MacAddress.Parse("52:54:00:00:00:01"), Start, Declined: true);
        await using (var store = await LeaseStore<Lease>.OpenAsync(directory.Path, LeaseFormats.V4, new LeaseTable([], []), Start))
            store.Append([lease], Start, _ => { });
        var table = new LeaseTable([], []);
        await (await LeaseStore<Lease>.OpenAsync(directory.Path, LeaseFormats.V4, table, Start)).DisposeAsync();

        Assert.Equal(lease, table.At(lease.Address));
    }

    private static Lease6 Lease(uint number) => new(Ipv6.ToNumber(IPAddress.Parse("fd00::")) + number, $"{number}", Start.AddHours(1))
    {
        Duid = "000300015254", Association = number,
    };

    private Task<LeaseStore<Lease6>> OpenAsync(Lease6Table table) => LeaseStore<Lease6>.OpenAsync(directory.Path, LeaseFormats.V6, table, Start);

    private async Task<List<Lease6>> KeptAsync()
    {
        var kept = new Lease6Table([], []);
        await (await OpenAsync(kept)).DisposeAsync();
        return [.. kept.StoredAfter(DateTimeOffset.MinValue).OrderBy(lease => lease.Address)];
    }
}
