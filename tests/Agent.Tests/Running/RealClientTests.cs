namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>The clients of Debian against the agent's process, over a link of their own.</summary>
public sealed class RealClientTests
{
    private const string Server = "{mode: server, subnets: [{network: 10.88.0.0/24, router: 10.88.0.254, ranges: [10.88.0.100-10.88.0.110]}]}";

    // What udhcpc learned is printed; the address is taken, as a system would.
    private const string UdhcpcScript = """
        #!/bin/sh
        echo "$1 ip=$ip router=$router file=$boot_file siaddr=$siaddr lease=$lease"
        echo "$1 router=$router mtu=$mtu search=$search routes=$staticroutes tftp=$tftp"
        [ "$1" = bound ] && ip addr add "$ip/24" dev "$interface"
        exit 0
        """;

    [Theory]
    [InlineData(false)] // answered in a frame to the MAC address
    [InlineData(true)] // answered by broadcast
    public async Task Udhcpc_gets_a_lease(bool broadcast)
    {
        await using var link = await Namespaces.CreateAsync("udhcpc", "curl");
        await using var agent = await link.StartAgentAsync(Server);

        var output = await UdhcpcAsync(link, broadcast ? ["-B"] : []);

        Assert.Matches(@"bound ip=10\.88\.0\.1(0\d|10) router=10\.88\.0\.254 file= ", output);
        Assert.Contains("lease=3600", output, StringComparison.Ordinal);
        Assert.Contains("cozyfleet_agent_leases 1\n", await link.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Udhcpc_gets_the_options_that_it_asks_for_and_reads_them_as_they_were_meant()
    {
        await using var link = await Namespaces.CreateAsync("udhcpc");
        await using var agent = await link.StartAgentAsync(Server.Replace("router:",
            "mtu: 9000, domainSearch: [a.example, b.a.example], routes: [10.9.0.0/16 via 10.88.0.9], timeOffset: -3600, "
            + "options: [{code: 66, type: string, value: tftp.example}], router:", StringComparison.Ordinal));

        var output = await UdhcpcAsync(link, "-o", "-O", "mtu", "-O", "search", "-O", "staticroutes", "-O", "tftp", "-O", "timezone");

        Assert.Contains("router= mtu=9000 search=a.example b.a.example routes=10.9.0.0/16 10.88.0.9 0.0.0.0/0 10.88.0.254 tftp=tftp.example",
            output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dhclient_gets_a_lease_and_gives_it_back()
    {
        await using var link = await Namespaces.CreateAsync("dhclient", "curl");
        await using var agent = await link.StartAgentAsync(Server);
        string[] files = ["-lf", link["leases"], "-pf", link["pid"], "-sf", "/bin/true"];

        var (code, output) = await link.AsClientAsync(["dhclient", "-4", "-1", "-v", .. files, Namespaces.ClientLink]);

        Assert.True(code == 0, output);
        Assert.Matches(@"bound to 10\.88\.0\.1(0\d|10)", output);
        // It went to the background; this ends it.
        await link.AsClientAsync(["dhclient", "-4", "-x", .. files, Namespaces.ClientLink]);
    }

    [Theory]
    [InlineData("00000", "0000", "undionly.kpxe")]
    [InlineData("00007", "0007", "snponly.efi")]
    public async Task A_client_that_says_it_is_firmware_is_told_a_file_that_tftp_serves(string classArchitecture, string option93, string loader)
    {
        await using var link = await Namespaces.CreateAsync("udhcpc", "atftp");
        await using var agent = await link.StartAgentAsync(Server);

        var output = await UdhcpcAsync(link, "-V", $"PXEClient:Arch:{classArchitecture}:UNDI:003000", "-x", $"0x5d:{option93}");

        var file = System.Text.RegularExpressions.Regex.Match(output, @"bound .*file=(b/[a-z0-9]{8}/\S+) siaddr=10\.88\.0\.1").Groups[1].Value;
        Assert.True(file.EndsWith("/" + loader, StringComparison.Ordinal), output);
        await link.AsClientAsync("atftp", "-g", "-r", file, "-l", link["got"], Namespaces.HostAddress);
        Assert.Equal(Namespaces.Loader, await File.ReadAllBytesAsync(link["got"], TestContext.Current.CancellationToken));
        await agent.LineAsync("LoaderFetched");
    }

    [Fact]
    public async Task Firmware_that_boots_over_http_is_refused_its_loader_where_the_machine_belongs_to_its_disk()
    {
        await using var link = await Namespaces.CreateAsync("udhcpc", "curl");
        await using var agent = await link.StartAgentAsync(Server);

        var output = await UdhcpcAsync(link, "-V", "HTTPClient:Arch:00016:UNDI:003000", "-x", "0x5d:0010");

        var url = System.Text.RegularExpressions.Regex.Match(output, @"file=(http://\S+)").Groups[1].Value;
        await AddressAsync(link);
        var (_, head) = await link.AsClientAsync("curl", "-sS", "-m", "20", "-I", url);
        Assert.StartsWith("HTTP/1.1 404", head, StringComparison.Ordinal);
        await agent.LineAsync("Disk the coordinator has not said anything yet");
    }

    /// <summary>The file to write stands at the end or is the empty word.</summary>
    public static TheoryData<string[]> Fetches =>
        new(
            (string[])["tftp", "-m", "binary", Namespaces.HostAddress, "-c", "get", "undionly.kpxe", ""],
            (string[])["atftp", "-g", "-r", "undionly.kpxe", "-l", "", Namespaces.HostAddress],
            (string[])["atftp", "--option", "blksize 1432", "--option", "windowsize 8", "-g", "-r", "undionly.kpxe", "-l", "", Namespaces.HostAddress],
            (string[])["curl", "-sS", "-m", "20", "--tftp-blksize", "8192", "-o", "", $"tftp://{Namespaces.HostAddress}/undionly.kpxe"],
            (string[])["curl", "-sS", "-m", "20", "-o", "", $"http://{Namespaces.HostAddress}/boot/x/undionly.kpxe"]);

    [Theory]
    [MemberData(nameof(Fetches))]
    public async Task A_file_arrives_whole_by(string[] command)
    {
        await using var link = await Namespaces.CreateAsync(command[0]);
        await using var agent = await link.StartAgentAsync(Server);
        await AddressAsync(link);

        var (_, output) = await link.AsClientAsync([.. command.Select(w => w == "" ? link["got"] : w)]);

        Assert.True(File.Exists(link["got"]), output);
        Assert.Equal(Namespaces.Loader, await File.ReadAllBytesAsync(link["got"], TestContext.Current.CancellationToken));
    }

    [Theory]
    [MemberData(nameof(Fetches))]
    public async Task Through_a_firewall_that_knows_no_tftp_a_single_port_serves(string[] command)
    {
        await using var link = await Namespaces.CreateAsync(command[0]);
        await using var agent = await link.StartAgentAsync(Server, "{singlePort: true}");
        await AddressAsync(link);

        // Two at a time: they share the port.
        string[] Into(string file) => [.. command.Select(word => word == "" ? link[file] : word)];
        var outputs = await Task.WhenAll(link.AsClientAsync(Into("got")), link.AsClientAsync(Into("too")));

        foreach (var file in new[] { "got", "too" })
        {
            Assert.True(File.Exists(link[file]), string.Join('\n', outputs));
            Assert.Equal(Namespaces.Loader, await File.ReadAllBytesAsync(link[file], TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Beside_dnsmasq_on_the_same_host_plain_clients_are_left_to_it_and_firmware_gets_our_file()
    {
        await using var link = await Namespaces.CreateAsync("udhcpc", "dnsmasq", "curl");
        link.Start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", "--bind-interfaces",
            $"--interface={Namespaces.HostLink}", "--except-interface=lo", "--no-ping", $"--dhcp-leasefile={link["dnsmasq.leases"]}",
            $"--pid-file={link["dnsmasq.pid"]}", "--log-facility=/dev/null", "--dhcp-range=10.88.0.150,10.88.0.160,255.255.255.0,1h");
        await using var agent = await link.StartAgentAsync("{mode: proxy}");

        Assert.Matches(@"bound ip=10\.88\.0\.1(5\d|60) ", await UdhcpcAsync(link));
        Assert.True(AgentProcess.RefusedIn(await link.MetricsAsync(), "dhcp/not-a-boot-client") >= 2);

        // udhcpc is no firmware and may take either offer; that ours was made is what the agent tells.
        await Tool.RunAsync([.. link.Client, .. Udhcpc(link, "-V", "PXEClient:Arch:00007:UNDI:003000", "-x", "0x5d:0007")]);
        await agent.LineAsync("DhcpOffered");
    }

    [Fact]
    public async Task Bad_requests_by_tftp_clients_are_refused_and_counted_and_the_next_one_is_served()
    {
        await using var link = await Namespaces.CreateAsync("tftp", "curl");
        await using var agent = await link.StartAgentAsync(Server);
        await AddressAsync(link);

        var (_, output) = await link.AsClientAsync("tftp", "-m", "binary", Namespaces.HostAddress, "-c", "get", "../../etc/shadow", link["bad"]);
        var (code, _) = await link.AsClientAsync("curl", "-sS", "-m", "10", "-o", link["bad2"], $"tftp://{Namespaces.HostAddress}/nosuch");
        Assert.Contains("not served", output, StringComparison.Ordinal);
        Assert.Equal(68, code); // curl: TFTP file not found

        await link.AsClientAsync("tftp", "-m", "binary", Namespaces.HostAddress, "-c", "get", "undionly.kpxe", link["good"]);
        Assert.Equal(Namespaces.Loader, await File.ReadAllBytesAsync(link["good"], TestContext.Current.CancellationToken));
        var metrics = await link.MetricsAsync();
        Assert.Equal((1, 1), (AgentProcess.RefusedIn(metrics, "tftp/path-refused"), AgentProcess.RefusedIn(metrics, "tftp/file-not-found")));
    }

    [Fact]
    public async Task A_machine_that_boots_is_told_that_there_is_no_ipv6_router()
    {
        await using var link = await Namespaces.CreateAsync("udhcpc");
        await using var agent = await link.StartAgentAsync(Server);
        await UdhcpcAsync(link, "-V", "PXEClient:Arch:00007:UNDI:003000", "-x", "0x5d:0007");

        // The kernel's own question, as a link that comes up asks it.
        await link.AsClientAsync("ip", "link", "set", Namespaces.ClientLink, "down");
        await link.AsClientAsync("ip", "link", "set", Namespaces.ClientLink, "up");

        await agent.LineAsync("told that there is no IPv6 router");
    }

    private static async Task<string> UdhcpcAsync(Namespaces link, params string[] more)
    {
        var (code, output) = await link.AsClientAsync(Udhcpc(link, more));
        Assert.True(code == 0, output);
        return output;
    }

    private static string[] Udhcpc(Namespaces link, params string[] more)
    {
        File.WriteAllText(link["udhcpc.sh"], UdhcpcScript);
        File.SetUnixFileMode(link["udhcpc.sh"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return ["udhcpc", "-i", Namespaces.ClientLink, "-f", "-q", "-n", "-t", "6", "-T", "2", "-s", link["udhcpc.sh"], .. more];
    }

    private static Task<(int Code, string Output)> AddressAsync(Namespaces link) =>
        link.AsClientAsync("ip", "addr", "add", "10.88.0.50/24", "dev", Namespaces.ClientLink);
}
