using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Cli.Connect;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;

namespace Cozy.Fleet.Cli.Tests;

public sealed class ConnectionTests
{
    [Fact]
    public async Task Nobody_listens()
    {
        await using var cli = await Operator.StartAsync();
        cli.UseContext($"https://127.0.0.1:{FreePort()}", cli.Server.Ca.Certificate, cli.Server.Ca.Client());
        await RefusesAsync(cli, "cannot be reached (Connection refused); start it, or correct endpoint in DIR/context.yaml.");
    }

    [Fact]
    public async Task The_coordinator_has_another_ca()
    {
        await using var cli = await Operator.StartAsync();
        using var other = new TestCa();
        cli.UseContext(cli.Server.Endpoint, other.Certificate, cli.Server.Ca.Client());
        await RefusesAsync(cli, "the CA in DIR/context.yaml did not issue");
    }

    [Fact]
    public async Task The_coordinators_certificate_is_for_another_address()
    {
        await using var cli = await Operator.StartAsync(certificate: ca => ca.Server("192.0.2.1"));
        await RefusesAsync(cli, "has a certificate that is not made for 127.0.0.1");
    }

    [Fact]
    public async Task The_coordinators_certificate_is_expired()
    {
        await using var cli = await Operator.StartAsync(certificate: ca => ca.Server(until: StandingClock.Now.AddDays(-1)));
        await RefusesAsync(cli, "has a certificate that expired at 2026-02-28 12:00:00Z");
    }

    [Fact]
    public async Task The_coordinator_does_not_accept_our_certificate()
    {
        await using var cli = await Operator.StartAsync();
        using var other = new TestCa();
        cli.UseContext(cli.Server.Endpoint, cli.Server.Ca.Certificate, other.Client());
        await RefusesAsync(cli, "does not accept the certificate in DIR/context.yaml");
    }

    [Fact]
    public async Task Our_certificate_is_expired()
    {
        await using var cli = await Operator.StartAsync();
        cli.UseContext(cli.Server.Endpoint, cli.Server.Ca.Certificate, cli.Server.Ca.Client(StandingClock.Now.AddDays(-1)));
        await RefusesAsync(cli, "The certificate in DIR/context.yaml expired at 2026-02-28 12:00:00Z");
    }

    [Theory]
    [InlineData("endpoint: [", "is not YAML at line ")]
    [InlineData("endpoint: https://x:1", "lacks ca, certificate, key")]
    [InlineData("{endpoint: http://x:1, ca: a, certificate: b, key: c}", "says endpoint: http://x:1, which is not https://HOST:PORT")]
    [InlineData("{endpoint: https://x:1, ca: a, certificate: b, key: c, user: d}", "has the unknown key user")]
    [InlineData("{endpoint: https://x:1, ca: a, certificate: b, key: c}", "certificate and key in DIR/context.yaml cannot be read as PEM")]
    public async Task A_context_file_that_is_wrong_is_said_to_be(string text, string problem)
    {
        await using var cli = await Operator.StartAsync();
        cli.Write("context.yaml", text);

        var run = await cli.RunAsync("get", "racks");

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_option_comes_before_the_environment_before_the_home_directory_before_the_coordinators_own()
    {
        await using var cli = await Operator.StartAsync();
        var environment = new Dictionary<string, string> { ["HOME"] = cli.Path(""), ["XDG_DATA_HOME"] = cli.Path("data") };
        string Find(string? option = null) => ContextPlace.Find(option, environment.GetValueOrDefault);

        Assert.Equal(ExitCode.Usage, Assert.Throws<Failure>(() => Find()).Code);
        var own = cli.Write("data/cozy-fleet/admin.yaml", "");
        Assert.Equal(own, Find());
        var home = cli.Write(".config/cozyfleet/context.yaml", "");
        Assert.Equal(home, Find());
        environment["COZY_FLEET_CONTEXT"] = "named";
        Assert.Equal("named", Find());
        Assert.Equal("option", Find("option"));
    }

    private static async Task RefusesAsync(Operator cli, string sentence)
    {
        var run = await cli.RunAsync("get", "racks");
        Assert.Equal((ExitCode.Unreachable, ""), (run.Code, run.Output));
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
