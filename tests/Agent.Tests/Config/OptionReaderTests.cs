using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Tests.Config;

public sealed class OptionReaderTests
{
    [Theory]
    [InlineData("router: 10.1.0.254", "03 0a0100fe")]
    [InlineData("router: [10.1.0.253, 10.1.0.254]", "03 0a0100fd0a0100fe")]
    [InlineData("dns: [10.1.0.2]", "06 0a010002")]
    [InlineData("ntp: 10.1.0.3", "2a 0a010003")]
    [InlineData("domain: rack.example", "0f 7261636b2e6578616d706c65")]
    [InlineData("domainSearch: [a.b]", "77 0161016200")]
    [InlineData("mtu: 9000", "1a 2328")]
    [InlineData("timeOffset: -3600", "02 fffff1f0")]
    [InlineData("routes: ['10.9.0.0/16 via 10.1.0.9']", "79 100a090a010009, f9 100a090a010009")]
    [InlineData("options: [{code: 150, type: ip-list, value: [10.1.0.1, 10.1.0.2]}]", "96 0a0100010a010002")]
    [InlineData("options: [{code: 150, type: ip, value: 10.1.0.1}]", "96 0a010001")]
    [InlineData("options: [{code: 23, type: u8, value: 64}]", "17 40")]
    [InlineData("options: [{code: 22, type: u16, value: 1500}]", "16 05dc")]
    [InlineData("options: [{code: 211, type: u32, value: 4294967295}]", "d3 ffffffff")]
    [InlineData("options: [{code: 19, type: bool, value: true}]", "13 01")]
    [InlineData("options: [{code: 209, type: string, value: pxe.cfg}]", "d1 7078652e636667")]
    [InlineData("options: [{code: 43, type: hex, value: '01:04:0a'}]", "2b 01040a")]
    public void An_option_stands_in_every_place_with_the_bytes_that_clients_read(string yaml, string expected)
    {
        foreach (var place in Enumerable.Range(0, 4))
        {
            var config = Read(File(yaml, place), out var refusals)!;
            Assert.Empty(refusals);
            var options = new[] { config.Options.Everybody, config.Options.Classes[0].Options, config.Subnets[0].Options, config.Reservations[0].Options };
            Assert.Equal(expected, string.Join(", ", options.SelectMany(o => o.InOrder).Select(o => $"{o.Code:x2} {Convert.ToHexStringLower(o.Bytes)}")));
        }
    }

    [Theory]
    [InlineData("router: [10.1.0.254, x]", 28, "router: 'x' is not an IPv4 address")]
    [InlineData("domain: a..b", 15, "domain: 'a..b' is not a domain name")]
    [InlineData("domainSearch: [a.example, 'ö.example']", 33, "domainSearch: 'ö.example' is not a domain name")]
    [InlineData("mtu: 67", 12, "mtu: '67' is not a number from 68 to 65535")]
    [InlineData("timeOffset: 90000", 19, "timeOffset: '90000' is not a number from -43200 to 50400")]
    [InlineData("routes: [10.9.0.1/16 via 10.1.0.9]", 16, "routes: '10.9.0.1/16 via 10.1.0.9' is not a route such as 10.9.0.0/16 via 10.1.0.254")]
    [InlineData("options: [{code: 150, type: list, value: 1}]", 35, "options[0].type: 'list' is not one of ip, ip-list, u8, u16, u32, bool, string, hex")]
    [InlineData("options: [{code: 54, type: ip, value: 10.1.0.1}]", 24, "options[0].code: option 54 is written by the server itself, or by clients only")]
    [InlineData("options: [{code: 1, type: ip, value: 10.1.0.1}]", 24, "options[0].code: option 1 follows from the subnet's network")]
    [InlineData("options: [{code: 23, type: u8, value: 256}]", 45, "options[0].value: '256' is not a number from 0 to 255")]
    [InlineData("options: [{code: 23, type: u8, value: [1, 2]}]", 45, "options[0].value: only ip-list takes several values")]
    [InlineData("options: [{code: 23, type: u8}]", 17, "options[0].value: give the option's value")]
    [InlineData("options: [{type: u8, value: 1}]", 17, "options[0].code is missing")]
    [InlineData("options: [{code: 19, type: bool, value: yes}]", 47, "options[0].value: 'yes' is neither true nor false")]
    [InlineData("options: [{code: 209, type: string, value: ö}]", 50, "options[0].value: 'ö' has characters beyond ASCII")]
    [InlineData("options: [{code: 209, type: string, value: ''}]", 50, "options[0].value: '' is empty")]
    [InlineData("options: [{code: 43, type: hex, value: 123}]", 46, "options[0].value: '123' is not pairs of hexadecimal digits")]
    [InlineData("options: [{code: 150, type: ip, value: '::1'}]", 46, "options[0].value: '::1' is not an IPv4 address")]
    [InlineData("options: [{code: 6, type: ip, value: 10.1.0.3}, {code: 6, type: ip, value: 10.1.0.4}]", 62, "options[1].code: option 6 is given twice")]
    public void Each_impossible_option_is_refused_with_its_place(string yaml, int column, string expected)
    {
        Assert.Null(Read(File(yaml, 2), out var refusals));
        Assert.Equal($"agent.yaml:7:{column}: dhcp.subnets[0].{expected}", Assert.Single(refusals));
    }

    [Fact]
    public void A_value_that_no_option_can_hold_is_refused()
    {
        Assert.Null(Read(File($"options: [{{code: 209, type: string, value: {new string('x', 256)}}}]", 0), out var refusals));
        Assert.EndsWith("takes 256 bytes; an option holds 255", Assert.Single(refusals), StringComparison.Ordinal);

        Assert.Null(Read(File($"dns: [{string.Join(", ", Enumerable.Repeat("10.1.0.2", 64))}]", 0), out refusals));
        Assert.EndsWith("dhcp.dns: it takes 256 bytes; an option holds 255", Assert.Single(refusals), StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_is_known_by_its_signs_and_needs_one()
    {
        var found = Read(File("mtu: 9000", 1), out _)!.Options.Classes[0];
        Assert.Equal(("PXEClient", 7, "65746831"), (found.VendorClass, found.Architecture, found.CircuitId));

        var unknown = File("mtu: 9000", 1)
            .Replace("vendorClass: PXEClient\n      architecture: 7\n      circuitId: eth1\n      ", "", StringComparison.Ordinal);
        Assert.Null(Read(unknown, out var refusals));
        Assert.StartsWith("agent.yaml:9:7: dhcp.classes[0].vendorClass: a class needs a sign that its clients are known by", Assert.Single(refusals), StringComparison.Ordinal);
    }

    // The same file with the option at one of its four places: everybody's, a class', a subnet's, a reservation's.
    private static string File(string yaml, int place) => $$"""
        rack: r1
        network: {address: 127.0.0.1}
        dhcp:
          subnets:
            - network: 10.1.0.0/24
              ranges: [10.1.0.100-10.1.0.199]
              {{(place == 2 ? yaml : "")}}
          classes:
            - vendorClass: PXEClient
              architecture: 7
              circuitId: eth1
              {{(place == 1 ? yaml : "")}}
          reservations:
            - mac: 52:54:00:00:00:01
              address: 10.1.0.5
              {{(place == 3 ? yaml : "")}}
          {{(place == 0 ? yaml : "")}}
        """;

    private static AgentConfig? Read(string yaml, out IReadOnlyList<string> refusals) =>
        AgentConfigReader.TryRead("agent.yaml", yaml, "", out refusals);
}
