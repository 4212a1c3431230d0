using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class Lease6StoreTests : IDisposable
{
    // So many records wait for the disk at the most.
    private const int Room = 4096;

    private readonly TemporaryDirectory directory = new();
    private readonly Lease6Table table = new([]);

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData(Room - 2)]
    [InlineData(Room - 1)]
    [InlineData(Room)]
    public async Task The_leases_of_one_reply_are_stored_together_or_not_at_all(int waiting)
    {
        var heard = new List<IOException?>();
        await using (var store = await Lease6Store.OpenAsync(directory.Path, table, DateTimeOffset.UnixEpoch))
        {
            using var isBusy = new SemaphoreSlim(0);
            using var isDone = new ManualResetEventSlim();
            store.Append([Lease(0)], table, DateTimeOffset.UnixEpoch, _ =>
            {
                isBusy.Release();
                isDone.Wait(TestContext.Current.CancellationToken);
            });
            await isBusy.WaitAsync(TestContext.Current.CancellationToken);
            for (var i = 0; i < waiting; i++)
                store.Append([Lease(0)], table, DateTimeOffset.UnixEpoch, _ => { });

            store.Append([Lease(1), Lease(2)], table, DateTimeOffset.UnixEpoch, heard.Add);
            isDone.Set();
        }

        Lease6[] expected = Assert.Single(heard) is null ? [Lease(1), Lease(2)] : [];
        Assert.Equal(expected, await KeptAsync());
    }

    private static Lease6 Lease(uint number) => new(Ipv6.ToNumber(IPAddress.Parse("fd00::")) + number, $"{number}", DateTimeOffset.UnixEpoch.AddHours(1));

    private async Task<List<Lease6>> KeptAsync()
    {
        var kept = new Lease6Table([]);
        await using (await Lease6Store.OpenAsync(directory.Path, kept, DateTimeOffset.UnixEpoch))
            return [.. kept.Stored.Where(lease => lease != Lease(0)).OrderBy(lease => lease.Address)];
    }
}
