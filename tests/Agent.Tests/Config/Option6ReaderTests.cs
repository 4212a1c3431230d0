using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Tests.Config;

/// <summary>The keys of dhcp6 that it shares with dhcp: options, classes, reservations.</summary>
public sealed class Option6ReaderTests
{
    [Theory]
    [InlineData("dns: ['fd00::53', 'fd00::54']", "23 fd000000000000000000000000000053fd000000000000000000000000000054")]
    [InlineData("domainSearch: [a.b, c.b]", "24 01610162000163016200")]
    [InlineData("ntp: 'fd00::5'", "56 00010010fd000000000000000000000000000005")]
    [InlineData("options: [{code: 300, type: ip-list, value: ['fd00::5']}]", "300 fd000000000000000000000000000005")]
    [InlineData("options: [{code: 32, type: u32, value: 600}]", "32 00000258")]
    [InlineData("options: [{code: 60, type: hex, value: '00:03:66:6f:6f'}]", "60 0003666f6f")]
    public void An_option_stands_in_every_place_with_the_bytes_that_clients_read(string yaml, string expected)
    {
        foreach (var place in Enumerable.Range(0, 4))
        {
            var config = Read(File(yaml, place), out var refusals)?.Dhcp6;
            Assert.Empty(refusals);
            var options = new[] { config!.Options.Everybody, config.Options.Classes[0].Options,
                config.Subnets[0].Options, config.Reservations[0].Options };
            Assert.Equal(expected, string.Join(", ", options.SelectMany(o => o.InOrder)
                .Select(o => $"{o.Code} {Convert.ToHexStringLower(o.Bytes)}")));
        }
    }

    [Theory]
    [InlineData("dns: [10.1.0.2]", "dns: '10.1.0.2' is not an IPv6 address")]
    [InlineData("dns: ['fe80::1%1']", "dns: 'fe80::1%1' is not an IPv6 address")]
    [InlineData("router: ['fd00::1']", "router")]
    [InlineData("options: [{code: 300, type: ip, value: 10.1.0.1}]", "options[0].value: '10.1.0.1' is not an IPv6 address")]
    [InlineData("options: [{code: 59, type: string, value: x}]",
        "options[0].code: option 59 is written by the server itself, or by clients only")]
    [InlineData("options: [{code: 3, type: u8, value: 1}]",
        "options[0].code: option 3 is written by the server itself, or by clients only")]
    [InlineData("options: [{code: 39, type: string, value: x}]", "options[0].code: option 39 is the key hostname of a reservation")]
    [InlineData("options: [{code: 65536, type: u8, value: 1}]", "options[0].code: '65536' is not a number from 1 to 65535")]
    [InlineData("dns: 'fd00::53', options: [{code: 23, type: ip, value: 'fd00::54'}]", "options[0].code: option 23 is given twice")]
    public void Each_impossible_option_is_refused(string yaml, string expected)
    {
        Assert.Null(Read(File(yaml, 2), out var refusals));
        Assert.Contains($"dhcp6.subnets[0].{expected}", Assert.Single(refusals), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mac: 52-54-00-00-00-01", "52:54:00:00:00:01")]
    [InlineData("uuid: 11223344-5566-7788-99aa-bbccddeeff00", "11223344-5566-7788-99aa-bbccddeeff00")]
    [InlineData("duid: '00:03:00:01:52:54:00:00:00:01'", "client id 00030001525400000001")]
    [InlineData("duid: '0x0004AB'", "client id 0004ab")]
    [InlineData("interfaceId: eth1", "circuit id 65746831")]
    public void A_reservation_knows_its_machine_by_one_of_four_signs(string sign, string owner)
    {
        var config = Read(File("", 3, sign), out var refusals)?.Dhcp6;

        Assert.Empty(refusals);
        var own = Assert.Single(config!.Reservations);
        Assert.Equal((owner, "fd00:77::5", "head"), (own.Owner, Ipv6.ToAddress(own.Address).ToString(), own.HostName));
    }

    [Theory]
    [InlineData("duid: xyz", "dhcp6.reservations[0].duid: 'xyz' is not pairs of hexadecimal digits")]
    [InlineData("duid: '0003', mac: 52-54-00-00-00-01", "dhcp6.reservations[0].duid: a machine is known by one sign; mac is given already")]
    [InlineData("clientId: x", "dhcp6.reservations[0].clientId")]
    [InlineData("mac: 52-54-00-00-00-01, address: 10.1.0.5", "dhcp6.reservations[0].address: '10.1.0.5' is not an IPv6 address")]
    [InlineData("mac: 52-54-00-00-00-01, address: 'fd00:78::5'",
        "dhcp6.reservations: fd00:78::5 of 52:54:00:00:00:01 is in none of the subnets")]
    [InlineData("mac: 52-54-00-00-00-01, hostname: a..b", "dhcp6.reservations[0].hostname: 'a..b' is not a host name")]
    public void Each_impossible_reservation_is_refused(string entry, string expected)
    {
        Assert.Null(Read(File("", 3, entry), out var refusals));
        Assert.Contains(refusals, refusal => refusal.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Two_subnets_may_not_overlap_and_two_machines_not_share_an_address()
    {
        var yaml = File("", 3)
            .Replace("  classes:",
                "    - {network: 'fd00:77::/56', ranges: ['fd00:77:0:1::1-fd00:77:0:1::2']}\n  classes:", StringComparison.Ordinal)
            .Replace("  reservations:",
                "  reservations:\n    - {uuid: 11223344-5566-7788-99aa-bbccddeeff00, address: 'fd00:77::5'}", StringComparison.Ordinal);

        Assert.Null(Read(yaml, out var refusals));
        Assert.Contains(refusals, r => r.Contains("fd00:77::/64 and fd00:77::/56 overlap", StringComparison.Ordinal));
        Assert.Contains(refusals, r => r.Contains("fd00:77::5 is reserved for 11223344-5566-7788-99aa-bbccddeeff00 and 52:54:00:00:00:01",
            StringComparison.Ordinal));
    }

    // The same file with the option at one of its four places: everybody's, a class', a subnet's, a reservation's.
    private static string File(string yaml, int place, string sign = "mac: 52-54-00-00-00-01")
    {
        string At(int here) => yaml != "" && here == place ? ", " + yaml : "";
        var address = sign.Contains("address:", StringComparison.Ordinal) ? "" : ", address: 'fd00:77::5'";
        var name = sign.Contains("hostname:", StringComparison.Ordinal) ? "" : ", hostname: head";
        return $$"""
            rack: r1
            network: {address: 127.0.0.1}
            dhcp: {mode: off}
            dhcp6:
              address: fd00:77::1
              subnets:
                - {network: 'fd00:77::/64', ranges: ['fd00:77::100-fd00:77::1ff']{{At(2)}}}
              classes:
                - {vendorClass: PXEClient, architecture: 7, interfaceId: eth1{{At(1)}}}
              reservations:
                - {{{sign}}{{address}}{{name}}{{At(3)}}}
              {{(place == 0 ? yaml : "")}}
            """;
    }

    private static AgentConfig? Read(string yaml, out IReadOnlyList<string> refusals) =>
        AgentConfigReader.TryRead("agent.yaml", yaml, "", out refusals);
}
