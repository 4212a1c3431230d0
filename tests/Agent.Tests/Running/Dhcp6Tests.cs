using System.Globalization;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>ISC's client and curl over IPv6, against the agent on a link of their own.</summary>
public sealed class Dhcp6Tests
{
    private const string HostAddress = "fd00:88::1";
    private const string Server = "subnets: [{network: 'fd00:88::/64', ranges: ['fd00:88::100-fd00:88::1ff'], dns: ['fd00::53']}]";

    [Fact]
    public async Task Dhclient_gets_a_lease_that_outlives_the_agent_and_gives_it_back()
    {
        await using var link = await CreateAsync();
        await using (var agent = await link.StartAgentAsync("{mode: off}", more: $"dhcp6: {{{Server}}}"))
        {
            Assert.Matches(@"bound to prefix|iaaddr fd00:88::1", await LeaseAsync(link));
        }
        var first = Address(await File.ReadAllTextAsync(link["leases6"], TestContext.Current.CancellationToken));
        await using var again = await link.StartAgentAsync("{mode: off}", more: $"dhcp6: {{{Server}}}");
        File.Delete(link["leases6"]);
        var second = Address(await LeaseAsync(link));

        Assert.Equal(first, second);
        var (_, released) = await link.AsClientAsync("dhclient", "-6", "-r", "-v", "-lf", link["leases6"], "-pf", link["pid6"], "-sf", "/bin/true", Namespaces.ClientLink);
        Assert.Contains("Release", released, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mac: '{0}'")]
    [InlineData("duid: '00:03:00:01:{0}'")]
    public async Task Dhclient_gets_what_is_reserved_for_it_and_reads_its_options_as_they_were_meant(string sign)
    {
        await using var link = await CreateAsync();
        var (_, mac) = await link.AsClientAsync("cat", $"/sys/class/net/{Namespaces.ClientLink}/address");
        var reserved = string.Format(CultureInfo.InvariantCulture, sign, mac.Trim());
        await using var agent = await link.StartAgentAsync("{mode: off}",
            more: $"dhcp6: {{{Server}, domainSearch: [all.example], "
            + $"reservations: [{{{reserved}, address: 'fd00:88::5', hostname: head, domainSearch: [a.example, b.a.example]}}]}}");
        await File.WriteAllTextAsync(link["dhclient6.conf"], "also request dhcp6.fqdn, dhcp6.domain-search, dhcp6.name-servers;",
            TestContext.Current.CancellationToken);

        var lease = await LeaseAsync(link, "-D", "LL", "-cf", link["dhclient6.conf"]);

        Assert.Equal("fd00:88::5", Address(lease));
        Assert.Contains("option dhcp6.name-servers fd00::53;", lease, StringComparison.Ordinal);
        Assert.Contains("option dhcp6.domain-search \"a.example.\", \"b.a.example.\";", lease, StringComparison.Ordinal);
        Assert.Contains("option fqdn.hostname \"head\";", lease, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData($"http://[{HostAddress}]/boot/x/snponly.efi")]
    [InlineData($"tftp://[{HostAddress}]/snponly.efi")]
    public async Task A_loader_arrives_whole_over_ipv6(string url)
    {
        await using var link = await CreateAsync();
        await using var agent = await link.StartAgentAsync("{mode: off}", more: $"dhcp6: {{{Server}}}");
        await link.AsClientAsync("ip", "addr", "add", "fd00:88::50/64", "dev", Namespaces.ClientLink, "nodad");
        var (code, output) = await link.AsClientAsync("curl", "-g", "-sS", "-m", "20", "-o", link["got"], url);

        Assert.True(code == 0, output);
        Assert.Equal(Namespaces.Loader, await File.ReadAllBytesAsync(link["got"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_system_learns_its_prefix_and_nothing_about_a_router()
    {
        await using var link = await CreateAsync();
        await using var agent = await link.StartAgentAsync("{mode: off}", more: $"dhcp6: {{{Server}, autonomous: true}}");
        // The kernel asks for routers when its link comes up.
        await link.AsClientAsync("ip", "link", "set", Namespaces.ClientLink, "down");
        await link.AsClientAsync("ip", "link", "set", Namespaces.ClientLink, "up");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        string addresses;
        do
        {
            limit.Token.ThrowIfCancellationRequested();
            (_, addresses) = await link.AsClientAsync("ip", "-6", "addr", "show", "dev", Namespaces.ClientLink, "scope", "global");
        }
        while (!addresses.Contains("fd00:88:", StringComparison.Ordinal));
        var (_, routes) = await link.AsClientAsync("ip", "-6", "route");

        Assert.Contains("fd00:88::/64", routes, StringComparison.Ordinal);
        Assert.DoesNotContain("default", routes, StringComparison.Ordinal);
    }

    private static async Task<Namespaces> CreateAsync()
    {
        var link = await Namespaces.CreateAsync("dhclient", "curl");
        Assert.SkipUnless(File.Exists("/proc/sys/net/ipv6/conf/all/disable_ipv6"), "this kernel has no IPv6");
        var (code, output) = await Tool.RunAsync([.. link.Host, "ip", "addr", "add", $"{HostAddress}/64", "dev", Namespaces.HostLink, "nodad"]);
        Assert.True(code == 0, output);
        return link;
    }

    // The client needs a link-local address, which takes a second to settle.
    private static async Task<string> LeaseAsync(Namespaces link, params string[] more)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var (code, output) = await link.AsClientAsync(
                ["dhclient", "-6", "-1", "-v", "-lf", link["leases6"], "-pf", link["pid6"],
                    "-sf", "/bin/true", .. more, Namespaces.ClientLink]);
            if (code == 0)
                break;
            // There is no address yet, or it is tentative, and the client ends at once.
            var early = output.Contains("no link-local IPv6 address", StringComparison.Ordinal)
                || output.Contains("Cannot assign requested address", StringComparison.Ordinal);
            Assert.True(early && !limit.IsCancellationRequested, output);
        }
        await link.AsClientAsync("dhclient", "-6", "-x", "-lf", link["leases6"], "-pf", link["pid6"], "-sf", "/bin/true", Namespaces.ClientLink);
        return await File.ReadAllTextAsync(link["leases6"], limit.Token);
    }

    private static string Address(string leases) =>
        System.Text.RegularExpressions.Regex.Match(leases, @"iaaddr (fd00:88::\S+)").Groups[1].Value;
}
