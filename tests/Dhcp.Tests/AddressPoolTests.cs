using System.Globalization;
using Cozy.Fleet.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Dhcp.Tests;

public sealed class AddressPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(4096)]
    [InlineData(5000)]
    public void The_next_free_address_is_the_one_that_a_scan_finds(int size)
    {
        var random = new Random(size);
        var pool = new AddressPool([(10, (uint)(10 + (size / 2))), (100_000, (uint)(100_000 + size - (size / 2) - 2))]);
        Assert.Equal(size, pool.Size);
        var free = new bool[size];
        for (var step = 0; step < 4000; step++)
        {
            var index = random.Next(size);
            // Mostly full, as a pool is when it matters.
            free[index] = random.Next(8) == 0;
            if (free[index])
                pool.Free(index);
            else
                pool.Take(index);

            var start = random.Next(size);
            var expected = Enumerable.Range(0, size).Select(i => (start + i) % size).Where(i => free[i]).DefaultIfEmpty(-1).First();
            Assert.Equal(expected, pool.NextFree(start));
            Assert.Equal(index, pool.IndexOf(pool[index]));
        }
    }

    [Fact]
    public void A_pool_without_addresses_has_none_to_give() => Assert.Equal(-1, new AddressPool([]).NextFree(0));

    [Fact]
    public void A_full_16_gives_every_address_once_and_one_that_expired_again()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var subnet = new DhcpSubnet(
            new(Wire.Ip("10.4.0.0"), 16, TimeSpan.FromHours(1)), [(Wire.Ip("10.4.0.0"), Wire.Ip("10.4.255.255"))], Wire.Ip("10.4.0.1"));
        var leases = new LeaseTable([subnet], []);
        var given = new HashSet<uint>();
        for (var i = 1; leases.Offer(Asking(i), subnet, clock.GetUtcNow()) is { } offer; i++)
        {
            Assert.True(given.Add(offer.Address));
            leases.Restore(leases.Grant(Asking(i), offer.Address, subnet, clock.GetUtcNow())!.Value);
        }
        Assert.Equal((256 * 254) - 1, given.Count); // without .0 and .255 of each, and without our own

        var one = given.First();
        leases.Restore(LeaseTable.Decline(one, Wire.Mac, clock.GetUtcNow()));
        Assert.Null(leases.Offer(Asking(100_000), subnet, clock.GetUtcNow()));
        clock.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(one, leases.Offer(Asking(100_000), subnet, clock.GetUtcNow())!.Value.Address);
    }

    [Fact]
    public void A_clock_that_was_set_back_gives_no_address_twice()
    {
        var rack = new Rack();
        var leased = Enumerable.Range(1, 3).Select(i => rack.Lease(Mac(i))).ToArray();
        var now = rack.Clock.GetUtcNow();
        var subnet = rack.Leases.LocalSubnet!;

        // Everything has expired, and one is offered; then it is yesterday.
        Assert.Contains(rack.Leases.Offer(Asking(9), subnet, now.AddHours(2))!.Value.Address, leased);

        Assert.Null(rack.Leases.Offer(Asking(10), subnet, now));
        Assert.NotNull(rack.Leases.Offer(Asking(10), subnet, now.AddHours(3)));
    }

    private static DhcpRequest Asking(int machine) => Wire.Request(Wire.Plain(1, new(Mac: Mac(machine))));

    private static MacAddress Mac(int number) => MacAddress.Parse(string.Create(
        CultureInfo.InvariantCulture, $"02:00:00:{number >> 16:x2}:{(number >> 8) & 0xff:x2}:{number & 0xff:x2}"));
}
