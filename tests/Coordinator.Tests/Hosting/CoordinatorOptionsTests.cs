using System.Net;
using Cozy.Fleet.Coordinator.Hosting;

namespace Cozy.Fleet.Coordinator.Tests.Hosting;

public sealed class CoordinatorOptionsTests
{
    public static TheoryData<string[], string> Wrong => new()
    {
        { ["--port", "1"], "unknown option '--port'; usage: cozy-fleet-coordinator" },
        { ["serve"], "unknown option 'serve'" },
        { ["--data"], "--data needs a value" },
        { ["--data", ""], "--data needs the name of a directory" },
        { ["--listen", "7443"], "expected ADDRESS:PORT" },
        { ["--listen", "127.0.0.1"], "expected ADDRESS:PORT" },
        { ["--listen", "127.0.0.1:70000"], "expected ADDRESS:PORT" },
        { ["--listen", "::1:7443"], "expected ADDRESS:PORT" },
        { ["--listen", "[::1]"], "expected ADDRESS:PORT" },
        { ["--listen", ":7443"], "expected ADDRESS:PORT" },
        { ["--listen", "fleet.example.com:7443"], "expected ADDRESS:PORT" },
        { ["--advertise", "fleet.example.com"], "expected a URL" },
        { ["--advertise", "http://fleet.example.com"], "expected a URL" },
        { ["--advertise", "https://fleet.example.com/path"], "expected a URL" },
    };

    [Fact]
    public void Nothing_has_to_be_given()
    {
        var options = Parse([], ("HOME", "/home/op"));

        Assert.Equal(("/home/op/.local/share/cozy-fleet", null), (options.DataDirectory, options.Advertise));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 7443), options.Listen);
    }

    [Fact]
    public void The_state_directory_of_a_service_comes_before_the_home_of_a_person()
    {
        var home = ("XDG_DATA_HOME", "/xdg");

        Assert.Equal("/xdg/cozy-fleet", Parse([], home).DataDirectory);
        Assert.Equal("/var/lib/fleet", Parse([], home, ("STATE_DIRECTORY", "/var/lib/fleet:/var/lib/other")).DataDirectory);
        Assert.Equal("/srv/fleet", Parse(["--data", "/srv/fleet"], home).DataDirectory);
    }

    [Theory, InlineData("0.0.0.0:0", "0.0.0.0:0"), InlineData("[::]:7443", "[::]:7443"), InlineData("localhost:1", "127.0.0.1:1")]
    public void An_address_with_a_port_is_listened_on(string given, string listen) =>
        Assert.Equal(listen, Parse(["--listen", given]).Listen.ToString());

    [Fact]
    public void The_advertised_url_is_kept() =>
        Assert.Equal(new Uri("https://fleet.example.com:7443"), Parse(["--advertise", "https://fleet.example.com:7443"]).Advertise);

    [Theory, MemberData(nameof(Wrong))]
    public void What_is_wrong_is_said_in_a_sentence(string[] arguments, string sentence)
    {
        Assert.False(CoordinatorOptions.TryParse(arguments, _ => null, out _, out var refusal));

        Assert.Contains(sentence, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal);
    }

    private static CoordinatorOptions Parse(string[] arguments, params (string Name, string Value)[] environment)
    {
        var variables = environment.ToDictionary(v => v.Name, v => v.Value);
        Assert.True(CoordinatorOptions.TryParse(arguments, variables.GetValueOrDefault, out var options, out var refusal), refusal);
        return options;
    }
}
