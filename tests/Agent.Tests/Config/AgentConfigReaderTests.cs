using Cozy.Fleet.Agent.Config;

namespace Cozy.Fleet.Agent.Tests.Config;

public sealed class AgentConfigReaderTests
{
    private const string Good =
        """
        rack: r1
        network:
          address: 10.1.0.1
        dhcp:
          subnets:
            - network: 10.1.0.0/24
              ranges: [10.1.0.100-10.1.0.199]
        """;

    [Fact]
    public void Small_file_is_enough()
    {
        var config = Read(Good, out var refusals);
        Assert.Empty(refusals);
        Assert.Equal(("r1", DhcpMode.Server, 67, 69, 80, 50000), (config!.Rack, config.DhcpMode, config.DhcpPort, config.TftpPort, config.HttpPort, config.TalosPort));
        Assert.Equal("/var/lib/cozy-fleet-agent", config.DataDirectory);
    }

    [Fact]
    public void Everything_that_is_wrong_comes_at_once_with_its_place()
    {
        const string Yaml =
            """
            rack: r1
            netwrok:
              address: 10.1.0.1
            network:
              address: 10.1.0.999
            dhcp:
              port: 70000
              mode: relay
              authoritative: perhaps
              subnets:
                - network: 10.1.0.5/24
                  ranges: [10.1.0.100-10.1.0.199, 10.2.0.1-10.2.0.9]
                  leaseTime: soon
              reservations:
                - mac: nonsense
            talos: 50000
            """;
        Assert.Null(Read(Yaml, out var refusals));
        string[] expected =
        [
            "agent.yaml:2:1: unknown key netwrok; did you mean network?",
            "agent.yaml:5:12: network.address: '10.1.0.999' is not an IPv4 address",
            "agent.yaml:7:9: dhcp.port: '70000' is not a number from 0 to 65535",
            "agent.yaml:8:9: dhcp.mode: 'relay' is not one of server, proxy, off",
            "agent.yaml:9:18: dhcp.authoritative: 'perhaps' is neither true nor false",
            "agent.yaml:11:16: dhcp.subnets[0].network: '10.1.0.5/24' is not a network such as 10.1.0.0/24 (its host bits must be 0)",
            "agent.yaml:13:18: dhcp.subnets[0].leaseTime: 'soon' is not a duration such as 500ms, 30s, 5m or 12h",
            "agent.yaml:15:12: dhcp.reservations[0].mac: 'nonsense' is not a MAC address",
            "agent.yaml:15:7: dhcp.reservations[0].address: give the address to reserve",
            "agent.yaml:16:8: talos is not a map of keys",
        ];
        Assert.All(expected, sentence => Assert.Contains(sentence, refusals));
        Assert.Equal(refusals.OrderBy(Line), refusals);
    }

    [Theory]
    [InlineData("", "the file must hold one map of keys")]
    [InlineData("- a list", "the file must hold one map of keys")]
    [InlineData("rack: [", "agent.yaml:")]
    [InlineData("network: { address: 10.1.0.1 }\ndhcp: { mode: proxy }", "rack is missing")]
    [InlineData("rack: r1\nnetwork: { address: 10.1.0.1 }", "a DHCP server needs at least one subnet")]
    [InlineData("rack: r1\ndhcp: { mode: proxy }", "name the interface to the machines, or give network.address")]
    [InlineData("rack: r1\nnetwork: { interface: no-such-link }", "there is no interface no-such-link")]
    [InlineData("rack: r1\ncoordinator: { endpoint: http://x }", "is not a URL with https")]
    [InlineData("rack: r1\ncoordinator: { tokenFile: /no/such/file }", "there is no file /no/such/file")]
    public void Impossible_file_is_refused(string yaml, string words)
    {
        Assert.Null(Read(yaml, out var refusals));
        Assert.Contains(refusals, r => r.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public void Token_of_the_environment_goes_first()
    {
        var yaml = Good + "\ncoordinator:\n  endpoint: https://x:1\n  token: of-the-file";
        Assert.Equal("of-the-file", Read(yaml, out _)!.Token);
        Assert.Equal("of-the-environment", AgentConfigReader.TryRead("agent.yaml", yaml, "of-the-environment", out _)!.Token);
    }

    private static AgentConfig? Read(string yaml, out IReadOnlyList<string> refusals) =>
        AgentConfigReader.TryRead("agent.yaml", yaml, "", out refusals);

    private static int Line(string refusal) => int.Parse(refusal.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
}
