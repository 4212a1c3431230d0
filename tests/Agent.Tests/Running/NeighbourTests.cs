using System.Text.RegularExpressions;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>Who else is on the machines' network: hosts that use addresses without a lease, and other DHCP servers. Real clients and servers.</summary>
public sealed class NeighbourTests
{
    private const string Mac = "02:00:00:00:00:07";

    // Of the range, only one address is nobody's.
    private static readonly string[] Used = ["10.88.0.100", "10.88.0.101", "10.88.0.103"];

    [Fact]
    public async Task An_address_that_somebody_uses_is_offered_to_nobody()
    {
        await using var link = await Namespaces.CreateAsync("udhcpc", "curl");
        await using var agent = await link.StartAgentAsync("{mode: server, subnets: [{network: 10.88.0.0/24, ranges: [10.88.0.100-10.88.0.103]}]}");
        foreach (var address in Used)
            await link.AsClientAsync("ip", "addr", "add", $"{address}/24", "dev", Namespaces.ClientLink);
        await AddCardAsync(link);

        var (code, output) = await UdhcpcAsync(link, "card0");

        Assert.True(code == 0, output);
        Assert.Contains("lease of 10.88.0.102 obtained", output, StringComparison.Ordinal);
        var conflicts = AgentProcess.RefusedIn(await link.MetricsAsync(), "dhcp/conflict");
        Assert.Equal(conflicts, Regex.Count(agent.Output, @"DHCP: 10\.88\.0\.10[013] is used by the network card"));
    }

    // A bridge may take the address of a port that joins it, a bond that of the card that took over: machines that were loading lost us
    // for half a minute as soon as another one asked for an address.
    [Fact]
    public async Task A_card_that_got_another_address_meanwhile_is_still_found_after_a_probe()
    {
        const string Renamed = "02:00:00:00:00:99";
        await using var link = await Namespaces.CreateAsync("udhcpc", "curl");
        await using var agent = await link.StartAgentAsync("{mode: server, subnets: [{network: 10.88.0.0/24, ranges: [10.88.0.100-10.88.0.103]}]}");
        await Tool.RunAsync([.. link.Host, "ip", "link", "set", Namespaces.HostLink, "address", Renamed]);
        await link.AsClientAsync("ip", "addr", "add", "10.88.0.2/24", "dev", Namespaces.ClientLink);
        await link.AsClientAsync("sh", "-c", $"echo 0 > /proc/sys/net/ipv4/neigh/{Namespaces.ClientLink}/locktime"); // It learns at once.
        await link.AsClientAsync("curl", "-s", "-m", "5", "http://10.88.0.1/");

        var (code, output) = await UdhcpcAsync(link, Namespaces.ClientLink);

        Assert.True(code == 0, output);
        var (_, neighbours) = await link.AsClientAsync("ip", "neigh", "show", "10.88.0.1");
        Assert.Contains($"lladdr {Renamed}", neighbours, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_else_waits_while_it_is_asked_whether_an_address_is_in_use()
    {
        await using var link = await Namespaces.CreateAsync("udhcpc");
        await using var agent = await link.StartAgentAsync("{mode: server, conflictProbeTime: 5s, subnets: [{network: 10.88.0.0/24, "
            + "ranges: [10.88.0.100-10.88.0.110]}], reservations: [{mac: '" + Mac + "', address: 10.88.0.7}]}");
        await AddCardAsync(link);

        var newcomer = UdhcpcAsync(link, Namespaces.ClientLink);
        var known = UdhcpcAsync(link, "card0");

        Assert.Same(known, await Task.WhenAny(newcomer, known));
        Assert.Contains("lease of 10.88.0.7 obtained", (await known).Output, StringComparison.Ordinal);
        Assert.Contains("lease of 10.88.0.1", (await newcomer).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_server_that_gives_addresses_is_named()
    {
        await using var link = await Namespaces.CreateAsync("dnsmasq");
        await StartDnsmasqAsync(link);
        await using var agent = await link.StartAgentAsync("{mode: server, subnets: [{network: 10.88.0.0/24, ranges: [10.88.0.100-10.88.0.103]}]}");

        var line = await agent.LineAsync("another DHCP server is on this network");

        Assert.Matches(@"10\.88\.0\.2 \(([0-9a-f]{2}:){5}[0-9a-f]{2}\): it gives addresses beside this agent", line);
    }

    [Fact]
    public async Task Beside_a_server_that_claims_to_boot_machines_itself_the_proxy_says_so()
    {
        await using var link = await Namespaces.CreateAsync("dnsmasq");
        await StartDnsmasqAsync(link, "--dhcp-option-force=60,PXEClient");
        await using var agent = await link.StartAgentAsync("{mode: proxy}");

        var line = await agent.LineAsync("another DHCP server is on this network");

        Assert.Contains("remove option 60 there, or set its next-server to 10.88.0.1", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_server_that_gives_ipv6_addresses_is_named()
    {
        await using var link = await Namespaces.CreateAsync("dnsmasq");
        Assert.SkipUnless(File.Exists("/proc/sys/net/ipv6/conf/all/disable_ipv6"), "this kernel has no IPv6");
        await Tool.RunAsync([.. link.Host, "ip", "addr", "add", "fd00:88::1/64", "dev", Namespaces.HostLink, "nodad"]);
        await link.AsClientAsync("ip", "addr", "add", "fd00:88::2/64", "dev", Namespaces.ClientLink, "nodad");
        await StartDnsmasqAsync(link, "--dhcp-range=fd00:88::200,fd00:88::2ff,64,1h");
        await using var agent = await link.StartAgentAsync(
            "{mode: off}", more: "dhcp6: {subnets: [{network: 'fd00:88::/64', ranges: ['fd00:88::100-fd00:88::1ff']}]}");

        var line = await agent.LineAsync("another DHCP server is on this network");

        Assert.Matches(@"f[ed][0-9a-f:]+ \(([0-9a-f]{2}:){5}[0-9a-f]{2}\): it gives IPv6 addresses beside this agent", line);
    }

    // A second card on the clients' side of the wire.
    private static async Task AddCardAsync(Namespaces link)
    {
        await link.AsClientAsync("ip", "link", "add", "card0", "link", Namespaces.ClientLink, "address", Mac, "type", "macvlan", "mode", "bridge");
        var (code, output) = await link.AsClientAsync("ip", "link", "set", "card0", "up");
        Assert.True(code == 0, output);
    }

    private static async Task StartDnsmasqAsync(Namespaces link, params string[] more)
    {
        await link.AsClientAsync("ip", "addr", "add", "10.88.0.2/24", "dev", Namespaces.ClientLink);
        link.StartBeside([
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", "--bind-interfaces",
            $"--interface={Namespaces.ClientLink}", "--no-ping", $"--dhcp-leasefile={link["other.leases"]}", $"--pid-file={link["other.pid"]}",
            "--log-facility=/dev/null", "--dhcp-range=10.88.0.150,10.88.0.160,255.255.255.0,1h", .. more,
        ]);
    }

    private static Task<(int Code, string Output)> UdhcpcAsync(Namespaces link, string card) =>
        link.AsClientAsync("udhcpc", "-i", card, "-f", "-q", "-n", "-t", "8", "-T", "2", "-s", "/bin/true");
}
