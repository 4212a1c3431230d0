using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>The command line.</summary>
/// <param name="Advertise">The URL that agents and operators dial; null when it is the one that is listened on.</param>
internal sealed record CoordinatorOptions(string DataDirectory, IPEndPoint Listen, Uri? Advertise)
{
    public const string Usage = "usage: cozy-fleet-coordinator [--data DIR] [--listen ADDRESS:PORT] [--advertise URL]";

    private static readonly IPEndPoint DefaultListen = new(IPAddress.Loopback, 7443);

    public static bool TryParse(
        IReadOnlyList<string> arguments, Func<string, string?> environment,
        [NotNullWhen(true)] out CoordinatorOptions? options, [NotNullWhen(false)] out string? refusal)
    {
        options = null;
        var parsed = new CoordinatorOptions(DefaultDataDirectory(environment), DefaultListen, null);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (arguments[i] is not ("--data" or "--listen" or "--advertise"))
                return Refuse($"unknown option '{arguments[i]}'; {Usage}", out refusal);
            if (i + 1 == arguments.Count)
                return Refuse($"{arguments[i]} needs a value; {Usage}", out refusal);
            if (parsed.With(arguments[i], arguments[i + 1], out refusal) is not { } next)
                return false;
            parsed = next;
        }
        (options, refusal) = (parsed, null);
        return true;
    }

    private CoordinatorOptions? With(string option, string value, out string refusal)
    {
        refusal = "";
        switch (option)
        {
            case "--data" when value != "":
                return this with { DataDirectory = Path.GetFullPath(value) };
            case "--listen" when TryListen(value) is { } listen:
                return this with { Listen = listen };
            case "--advertise" when Uri.TryCreate(value, UriKind.Absolute, out var url) && url is { Scheme: "https", PathAndQuery: "/" }:
                return this with { Advertise = url };
            default:
                refusal = option switch
                {
                    "--listen" => $"--listen {value}: expected ADDRESS:PORT, such as 0.0.0.0:7443 or [::]:7443",
                    "--advertise" => $"--advertise {value}: expected a URL such as https://fleet.example.com:7443",
                    _ => "--data needs the name of a directory",
                };
                return null;
        }
    }

    private static IPEndPoint? TryListen(string value)
    {
        var port = value.LastIndexOf(':');
        var text = value.StartsWith("localhost:", StringComparison.Ordinal) ? IPAddress.Loopback + value[port..] : value;
        // Without the brackets, the end of an IPv6 address would look like a port.
        return port > 0 && value[^1] != ']' && (value.IndexOf(':', StringComparison.Ordinal) == port || value[0] == '[')
            && IPEndPoint.TryParse(text, out var endpoint) ? endpoint : null;
    }

    // systemd names the state directory; else the XDG base directory specification.
    private static string DefaultDataDirectory(Func<string, string?> environment)
    {
        if (environment("STATE_DIRECTORY") is { Length: > 0 } state)
            return state.Split(':')[0];
        var share = environment("XDG_DATA_HOME") is { Length: > 0 } data
            ? data : Path.Combine(environment("HOME") ?? "/", ".local", "share");
        return Path.Combine(share, "cozy-fleet");
    }

    private static bool Refuse(string message, out string refusal)
    {
        refusal = message;
        return false;
    }
}
