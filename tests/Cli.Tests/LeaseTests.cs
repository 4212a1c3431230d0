using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Cli.Tests;

public sealed class LeaseTests
{
    private static readonly Timestamp Expiry = Timestamp.FromDateTimeOffset(new(2026, 3, 1, 13, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("table", """
        ADDRESS       MAC OR DUID                    STATE        EXPIRES               HOSTNAME
        10.1.0.100    52:54:00:00:00:01              leased       2026-03-01T13:00:00Z  c1-cp-1
        10.1.0.101    52:54:00:00:00:02              leased       2026-03-01T13:00:00Z
        10.1.0.102    52:54:00:00:00:03              quarantined  2026-03-01T13:00:00Z
        fd00:77::100  52:54:00:00:00:01              leased       2026-03-01T13:00:00Z  c1-cp-1
        fd00:77::101  00:02:00:00:ab:11:0c:0d:0e:0f  leased       2026-03-01T13:00:00Z

        """)]
    [InlineData("csv", """
        address,mac,state,expires,hostname,duid,association
        10.1.0.100,52:54:00:00:00:01,leased,2026-03-01T13:00:00Z,c1-cp-1,,
        10.1.0.101,52:54:00:00:00:02,leased,2026-03-01T13:00:00Z,,,
        10.1.0.102,52:54:00:00:00:03,quarantined,2026-03-01T13:00:00Z,,,
        fd00:77::100,52:54:00:00:00:01,leased,2026-03-01T13:00:00Z,c1-cp-1,00:03:00:01:52:54:00:00:00:01,7
        fd00:77::101,,leased,2026-03-01T13:00:00Z,,00:02:00:00:ab:11:0c:0d:0e:0f,0

        """)]
    [InlineData("dnsmasq", """
        1772370000 52:54:00:00:00:01 10.1.0.100 c1-cp-1 *
        1772370000 52:54:00:00:00:02 10.1.0.101 * *
        1772370000 7 fd00:77::100 c1-cp-1 00:03:00:01:52:54:00:00:00:01
        1772370000 0 fd00:77::101 * 00:02:00:00:ab:11:0c:0d:0e:0f

        """)]
    public async Task Every_page_of_a_racks_leases_is_shown(string form, string expected)
    {
        await using var cli = await WithLeasesAsync();

        Assert.Equal(expected, (await cli.RunAsync("lease", "list", "--rack", "r1", "-o", form)).Output);
    }

    [Fact]
    public async Task Leases_are_exported_as_json()
    {
        await using var cli = await WithLeasesAsync();

        var items = System.Text.Json.JsonDocument.Parse((await cli.RunAsync("lease", "list", "--rack", "r1", "-o", "json")).Output)
            .RootElement.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("address").GetString());

        Assert.Equal(["10.1.0.100", "10.1.0.101", "10.1.0.102", "fd00:77::100", "fd00:77::101"], items);
    }

    [Fact]
    public async Task A_lease_is_released_once_and_then_it_is_said_that_there_is_none()
    {
        await using var cli = await WithLeasesAsync();

        var released = await cli.RunAsync("lease", "release", "10.1.0.102", "--rack", "r1");
        var again = await cli.RunAsync("lease", "release", "10.1.0.102", "--rack", "r1");

        Assert.Equal("10.1.0.102 of 52:54:00:00:00:03 released\n", released.Output);
        Assert.Equal("fd00:77::101 of 00:02:00:00:ab:11:0c:0d:0e:0f released\n",
            (await cli.RunAsync("lease", "release", "fd00:77::101", "--rack", "r1")).Output);
        Assert.Equal(ExitCode.Refused, again.Code);
        Assert.Contains("Nobody has 10.1.0.102", again.Error, StringComparison.Ordinal);
    }

    private static async Task<Operator> WithLeasesAsync()
    {
        var cli = await Operator.StartAsync();
        cli.Fleet.Racks.Put(new Rack { Metadata = new() { Name = "r1" } });
        for (var i = 0; i < 3; i++)
        {
            cli.Fleet.Leases.Add(new()
            {
                Address = $"10.1.0.10{i}", Mac = $"52:54:00:00:00:0{i + 1}", ExpireTime = Expiry, Quarantined = i == 2, Hostname = i == 0 ? "c1-cp-1" : "",
            });
        }
        cli.Fleet.Leases.Add(new()
        {
            Address = "fd00:77::100", Mac = "52:54:00:00:00:01", ExpireTime = Expiry, Hostname = "c1-cp-1",
            Duid = "00:03:00:01:52:54:00:00:00:01", Association = 7,
        });
        cli.Fleet.Leases.Add(new() { Address = "fd00:77::101", ExpireTime = Expiry, Duid = "00:02:00:00:ab:11:0c:0d:0e:0f" });
        return cli;
    }
}
