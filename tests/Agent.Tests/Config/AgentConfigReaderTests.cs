using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Tests.Config;

public sealed class AgentConfigReaderTests
{
    private const string Good = """
        rack: r1
        data: /tmp/x
        coordinator:
          endpoint: https://fleet.example:7443
          token: cozy1.a.b.c
        network:
          address: 127.0.0.1
        dhcp:
          mode: server
          port: 0
          bootServicePort: 0
          authoritative: true
          subnets:
            - network: 10.1.0.0/24
              router: 10.1.0.254
              dns: [10.1.0.2, 10.1.0.3]
              ranges: [10.1.0.100-10.1.0.199]
              leaseTime: 12h
          reservations:
            - {mac: 52-54-00-00-00-01, address: 10.1.0.5, hostname: head}
        talos:
          observeInterval: 500ms
          watchLimit: 40
        eventSink: {port: 4000}
        kernelLog: {enabled: false}
        """;

    [Fact]
    public void A_good_file_is_read_whole()
    {
        var config = Read(Good, out var refusals)!;

        Assert.Empty(refusals);
        Assert.Equal(("r1", new Uri("https://fleet.example:7443"), "cozy1.a.b.c"), (config.Rack, config.CoordinatorEndpoint, config.Token));
        Assert.Equal((DhcpMode.Server, 0, true, 69, 80), (config.DhcpMode, config.DhcpPort, config.Authoritative, config.TftpPort, config.HttpPort));
        var subnet = Assert.Single(config.Subnets);
        Assert.Equal((24, TimeSpan.FromHours(12)), (subnet.Network.PrefixLength, subnet.Network.LeaseTime));
        Assert.Equal("10.1.0.100-10.1.0.199", $"{Ipv4.ToAddress(subnet.Ranges[0].First)}-{Ipv4.ToAddress(subnet.Ranges[0].Last)}");
        Assert.Equal("head", Assert.Single(config.Reservations).HostName);
        Assert.Equal((TimeSpan.FromMilliseconds(500), 40), (config.ObserveInterval, config.WatchLimit));
        Assert.Equal((4000, null), (config.EventSinkPort, config.KernelLogPort));
    }

    [Fact]
    public void Assets_imager_and_mirror_are_read()
    {
        var config = Read(Good + """

            assets: {limit: 5GiB}
            imager:
              command: [docker, run, -i, "imager:{version}", "-", --tar-to-stdout]
              timeout: 5m
            mirror:
              limit: 1TiB
              upstreams:
                - {name: ghcr.io, url: https://ghcr.io}
            """, out var refusals)!;

        Assert.Empty(refusals);
        Assert.Equal((5L << 30, 1L << 40, TimeSpan.FromMinutes(5)), (config.AssetsLimit, config.MirrorLimit, config.ImagerTimeout));
        Assert.Equal("imager:{version}", config.ImagerCommand[3]);
        Assert.Equal(new Upstream("ghcr.io", new("https://ghcr.io")), Assert.Single(config.Upstreams));
    }

    [Fact]
    public void Power_and_ipv6_are_read()
    {
        var config = Read(Good + """

            power: {ipmitool: /opt/ipmitool, atOnce: 2, perMinute: 5, stagger: 1s, grace: 30s}
            dhcp6:
              address: fd00:77::1
              autonomous: true
              subnets:
                - network: fd00:77::/64
                  ranges: ["fd00:77::100-fd00:77::1ff"]
                  leaseTime: 12h
                  dns: [fd00::53]
            """, out var refusals)!;

        Assert.Empty(refusals);
        Assert.Equal(("/opt/ipmitool", 2, 5, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)),
            (config.Power.Ipmitool, config.Power.AtOnce, config.Power.PerMinute, config.Power.Stagger, config.Power.Grace));
        var subnet = Assert.Single(config.Dhcp6!.Subnets);
        Assert.Equal((547, true, 64, TimeSpan.FromHours(12), 256u),
            (config.Dhcp6.Port, config.Dhcp6.Autonomous, subnet.PrefixLength, subnet.LeaseTime, subnet.Size));
        Assert.False(config.Dhcp6.Advertises); // There is no interface to advertise on.
    }

    [Theory]
    [InlineData("power: {atOnce: 0}", "power.atOnce: '0' is not a number from 1 to 1000")]
    [InlineData("dhcp6: {address: 'fe80::1', subnets: [{network: 'fd00::/64', ranges: ['fd00::1-fd00::2']}]}",
        "dhcp6.address: 'fe80::1' is not an IPv6 address that machines can reach; link-local ones do not do")]
    [InlineData("dhcp6: {address: 'fd00::1', subnets: [{network: 'fd00::5/64', ranges: ['fd00::1-fd00::2']}]}",
        "dhcp6.subnets[0].network: 'fd00::5/64' is not a network such as fd00:77::/64 (its host bits must be 0)")]
    [InlineData("dhcp6: {address: 'fd00::1', subnets: [{network: 'fd00::/64', ranges: ['fd01::1-fd01::2']}]}",
        "dhcp6.subnets[0].ranges: 'fd01::1-fd01::2' is not inside its network")]
    [InlineData("assets: {limit: 5GB}", "assets.limit: '5GB' is not a size such as 500MiB or 20GiB")]
    [InlineData("imager: {command: [docker, '{tag}']}", "imager.command: '{tag}' is not an argument; placeholders are {version}, {arch}, {id}, {output}")]
    [InlineData("mirror: {upstreams: [{name: ghcr.io}]}", "mirror.upstreams[0].url: is missing")]
    [InlineData("mirror: {upstreams: [{url: 'https://ghcr.io'}]}", "mirror.upstreams[0].name is missing")]
    [InlineData("mirror: {upstreams: [{name: ghcr.io, url: ghcr.io}]}", "mirror.upstreams[0].url: 'ghcr.io' is not a URL with http or https")]
    public void What_is_wrong_with_them_is_told(string line, string refusal)
    {
        Assert.Null(Read($"{Good}\n{line}\n", out var refusals));
        Assert.EndsWith(refusal, Assert.Single(refusals), StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once_with_its_place()
    {
        Assert.Null(Read("""
            rack: R 1
            dhpc: {}
            network:
              adress: 127.0.0.1
            dhcp:
              mode: both
              port: 70000
              subnets:
                - network: 10.1.0.1/24
                  ranges: [10.1.0.9]
            tftp: 69
            talos:
              observeInterval: soon
            """, out var refusals));

        Assert.Equal(
            [
                "agent.yaml:1:7: rack: 'R 1' is not a name of lower-case letters, digits and dashes",
                "agent.yaml:2:1: unknown key dhpc; did you mean dhcp?",
                "agent.yaml:4:3: network.interface: name the interface to the machines, or give network.address",
                "agent.yaml:4:3: unknown key network.adress; did you mean address?",
                "agent.yaml:6:9: dhcp.mode: 'both' is not one of server, proxy, off",
                "agent.yaml:7:9: dhcp.port: '70000' is not a number from 0 to 65535",
                "agent.yaml:9:16: dhcp.subnets[0].network: '10.1.0.1/24' is not a network such as 10.1.0.0/24 (its host bits must be 0)",
                "agent.yaml:10:16: dhcp.subnets[0].ranges: '10.1.0.9' is not a range such as 10.1.0.100-10.1.0.199",
                "agent.yaml:11:7: tftp is not a map of keys",
                "agent.yaml:13:20: talos.observeInterval: 'soon' is not a duration such as 500ms, 30s, 5m or 12h",
            ],
            refusals);
    }

    [Theory]
    [InlineData("rack: r1", "rack: ''", "rack is missing")]
    [InlineData("https://", "http://", "is not a URL with https")]
    [InlineData("address: 127.0.0.1", "address: 0.0.0.0", "is not an address that machines can reach")]
    [InlineData("address: 127.0.0.1", "interface: no-such-link", "there is no interface no-such-link")]
    [InlineData("10.1.0.100-10.1.0.199", "10.1.0.199-10.1.0.100", "is not a range")]
    [InlineData("10.1.0.100-10.1.0.199", "10.9.0.100-10.9.0.199", "is not inside its network")]
    [InlineData("ranges: [10.1.0.100-10.1.0.199]", "ranges: []", "give at least one range")]
    [InlineData("address: 10.1.0.5", "address: 10.7.0.5", "is in none of the subnets")]
    [InlineData("mac: 52-54-00-00-00-01", "mac: 52-54", "'52-54' is not a MAC address")]
    [InlineData("mac: 52-54-00-00-00-01", "uuid: nothing", "'nothing' is not a UUID that tells machines apart")]
    [InlineData("mac: 52-54-00-00-00-01", "circuitId: 0x123", "'0x123' is not text, nor pairs of hexadecimal digits behind 0x")]
    [InlineData("mac: 52-54-00-00-00-01", "mac: 52-54-00-00-00-01, circuitId: eth1", "a machine is known by one sign; mac is given already")]
    [InlineData("mac: 52-54-00-00-00-01, ", "", "dhcp.reservations[0].mac is missing")]
    [InlineData("12h", "0s", "is not a duration")]
    [InlineData("authoritative: true", "authoritative: yes", "is neither true nor false")]
    [InlineData("token: cozy1.a.b.c", "tokenFile: /does/not/exist", "/does/not/exist")]
    [InlineData("rack: r1", "rack: r1\nrack: r2", "agent.yaml:2:1:")]
    [InlineData("rack: r1", "ipxe: {bios: ../../etc/shadow}\nrack: r1", "is not the plain name of a file")]
    public void Each_impossible_value_is_refused(string part, string replacement, string expected)
    {
        Assert.Null(Read(Good.Replace(part, replacement, StringComparison.Ordinal), out var refusals));
        Assert.Contains(refusals, r => r.Contains(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("uuid: 11223344-5566-7788-99aa-bbccddeeff00", "11223344-5566-7788-99aa-bbccddeeff00")]
    [InlineData("clientId: '0x01:52:54'", "client id 015254")]
    [InlineData("circuitId: eth1", "circuit id 65746831")]
    public void A_reservation_knows_its_machine_by_other_signs(string sign, string owner)
    {
        var config = Read(Good.Replace("mac: 52-54-00-00-00-01", sign, StringComparison.Ordinal), out var refusals);

        Assert.Empty(refusals);
        Assert.Equal(owner, Assert.Single(config!.Reservations).Owner);
    }

    [Fact]
    public void Two_subnets_may_not_overlap_and_two_machines_not_share_an_address()
    {
        var yaml = Good
            .Replace("  reservations:\n", "    - {network: 10.1.0.0/16, ranges: [10.1.9.1-10.1.9.9]}\n  reservations:\n"
                + "    - {mac: 52-54-00-00-00-02, address: 10.1.0.5}\n", StringComparison.Ordinal);

        Assert.Null(Read(yaml, out var refusals));
        Assert.Contains(refusals, r => r.Contains("10.1.0.0/24 and 10.1.0.0/16 overlap", StringComparison.Ordinal));
        Assert.Contains(refusals, r => r.Contains("10.1.0.5 is reserved for 52:54:00:00:00:02 and 52:54:00:00:00:01", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a list")]
    [InlineData("just words")]
    [InlineData("a: [")]
    public void A_file_that_is_no_map_is_refused(string yaml)
    {
        Assert.Null(Read(yaml, out var refusals));
        Assert.Matches(@"^agent\.yaml:\d+:\d+: \S", Assert.Single(refusals));
    }

    [Fact]
    public void A_token_in_the_environment_outranks_the_files_and_is_in_no_message()
    {
        var config = AgentConfigReader.TryRead("agent.yaml", Good, "from-environment", out _)!;
        AgentConfigReader.TryRead("agent.yaml", Good.Replace("rack: r1", "rack: R", StringComparison.Ordinal), "", out var refusals);

        Assert.Equal("from-environment", config.Token);
        Assert.DoesNotContain(refusals, r => r.Contains("cozy1", StringComparison.Ordinal));
    }

    private static AgentConfig? Read(string yaml, out IReadOnlyList<string> refusals) =>
        AgentConfigReader.TryRead("agent.yaml", yaml, "", out refusals);
}
