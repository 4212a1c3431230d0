using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Images;
using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Reads the agent's configuration file. All errors come at once, each with its place in the file.</summary>
internal static class AgentConfigReader
{
    /// <param name="file">For the error messages.</param>
    /// <param name="environmentToken">The token from the environment, which keeps it out of the file.</param>
    public static AgentConfig? TryRead(string file, string yaml, string environmentToken, out IReadOnlyList<string> refusals)
    {
        var errors = new ConfigErrors(file);
        var config = Read(Root(yaml, errors), errors, environmentToken);
        refusals = errors.Sentences;
        return refusals.Count == 0 ? config : null;
    }

    private static ConfigNode Root(string yaml, ConfigErrors errors)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException exception)
        {
            errors.Add(exception.Start, exception.Message);
            return new(null, exception.Start, "", errors);
        }
        if (stream.Documents is [{ RootNode: YamlMappingNode map }])
            return new(map, map.Start, "", errors);
        errors.Add(new Mark(0, 1, 1), "the file must hold one map of keys");
        return new(null, new Mark(0, 1, 1), "", errors);
    }

    private static AgentConfig Read(ConfigNode root, ConfigErrors errors, string environmentToken)
    {
        if (!root.IsPresent)
            return new();
        var (coordinator, network, dhcp) = (root.Map("coordinator"), root.Map("network"), root.Map("dhcp"));
        var (tftp, http, ipxe) = (root.Map("tftp"), root.Map("http"), root.Map("ipxe"));
        var (talos, telemetry, assets) = (root.Map("talos"), root.Map("telemetry"), root.Map("assets"));
        var (eventSink, kernelLog) = (root.Map("eventSink"), root.Map("kernelLog"));
        var (imager, mirror, power) = (root.Map("imager"), root.Map("mirror"), root.Map("power"));
        var link = network.Text("interface");
        var address = AddressOf(network, link);
        var mode = dhcp.Choice("mode", DhcpMode.Server, ("server", DhcpMode.Server), ("proxy", DhcpMode.Proxy), ("off", DhcpMode.Off));
        var config = new AgentConfig
        {
            Rack = RackName(root),
            DataDirectory = root.Text("data", "/var/lib/cozy-fleet-agent"),
            CoordinatorEndpoint = coordinator.Url("endpoint", "https"),
            Token = Token(coordinator, environmentToken),
            Interface = link,
            Address = address,
            EndsIpv6Wait = network.Flag("endIpv6Wait", true),
            DhcpMode = mode,
            DhcpPort = dhcp.Number("port", 67, 0, 65535),
            BootServicePort = dhcp.Number("bootServicePort", 4011, 0, 65535),
            Authoritative = dhcp.Flag("authoritative", false),
            ConflictProbe = dhcp.Choice("conflictProbe", ConflictProbing.Link,
                ("off", ConflictProbing.Off), ("link", ConflictProbing.Link), ("everywhere", ConflictProbing.Everywhere)),
            ConflictProbeTime = dhcp.Duration("conflictProbeTime", TimeSpan.FromMilliseconds(300)),
            DhcpGuard = dhcp.Flag("guard", true),
            Subnets = [.. dhcp.Maps("subnets").Select(s => Subnet(s, address)).OfType<DhcpSubnet>()],
            Reservations = [.. dhcp.Maps("reservations").Select(r => ReservationReader.Read(r, DhcpWords.V4)).OfType<Reservation<uint>>()],
            Options = OptionReader.Policy(dhcp, DhcpWords.V4),
            Dhcp6 = Dhcp6Reader.Read(root.Map("dhcp6"), link),
            TftpPort = tftp.Number("port", 69, 0, 65535),
            TftpSinglePort = tftp.Flag("singlePort", false),
            TftpTransfers = tftp.Number("transfers", 400, 1, 10_000),
            TftpTransfersPerClient = tftp.Number("transfersPerClient", 16, 1, 10_000),
            HttpPort = http.Number("port", 80, 0, 65535),
            HttpTransfersPerMachine = http.Number("transfersPerMachine", 2, 1, 10_000),
            IpxeDirectory = ipxe.Text("directory", "/usr/lib/ipxe"),
            BiosLoader = ipxe.FileName("bios", "undionly.kpxe"),
            UefiLoader = ipxe.FileName("uefi", "snponly.efi"),
            Arm64Loader = ipxe.FileName("arm64", ""),
            AssetsLimit = assets.Size("limit", 20L << 30),
            ImagerCommand = imager.List("command", Argument),
            ImagerTimeout = imager.Duration("timeout", TimeSpan.FromMinutes(30)),
            Upstreams = [.. mirror.Maps("upstreams").Select(Upstream).OfType<Upstream>()],
            MirrorLimit = mirror.Size("limit", 50L << 30),
            TalosPort = talos.Number("port", 50000, 1, 65535),
            ObserveInterval = talos.Duration("observeInterval", TimeSpan.FromSeconds(20)),
            WatchLimit = talos.Number("watchLimit", 256, 0, 10_000),
            EventSinkPort = PortIfEnabled(eventSink, 3247),
            KernelLogPort = PortIfEnabled(kernelLog, 3248),
            Power = new()
            {
                Ipmitool = power.Text("ipmitool", "ipmitool"),
                AtOnce = power.Number("atOnce", 4, 1, 1000),
                PerMinute = power.Number("perMinute", 20, 1, 1000),
                Stagger = power.Duration("stagger", PowerOptions.DefaultStagger),
                Grace = power.Duration("grace", PowerOptions.DefaultGrace),
            },
            OtlpEndpoint = telemetry.Url("otlp", "http", "https"),
        };
        SubnetRules.Check(dhcp, config);
        foreach (var node in new[] { coordinator, network, dhcp, tftp, http, ipxe, talos, eventSink, kernelLog, telemetry, assets, imager, mirror, power, root })
            node.EndOfKeys();
        return config;
    }

    private static int? PortIfEnabled(ConfigNode service, int fallback)
    {
        var port = service.Number("port", fallback, 0, 65535);
        return service.Flag("enabled", true) ? port : null;
    }

    private static string Token(ConfigNode coordinator, string environmentToken)
    {
        var (token, file) = (coordinator.Text("token"), coordinator.Text("tokenFile"));
        if (environmentToken != "")
            return environmentToken;
        if (file == "")
            return token;
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            coordinator.Refuse("tokenFile", failure.Message);
            return "";
        }
    }

    // It stands in the agent's certificate; the coordinator takes no other names (RFC 1123 labels).
    private static string RackName(ConfigNode root)
    {
        var name = root.Required("rack");
        var good = name.Length <= 63 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            && !name.StartsWith('-') && !name.EndsWith('-');
        if (!good)
            root.Refuse("rack", $"'{name}' is not a name of lower-case letters, digits and dashes");
        return name;
    }

    // The address is given, or it is the interface's first one.
    private static IPAddress AddressOf(ConfigNode network, string link)
    {
        var given = network.Address("address");
        if (given is not null && (given.Equals(IPAddress.Any) || given.Equals(IPAddress.Broadcast) || given.GetAddressBytes()[0] >= 224))
            network.Refuse("address", $"{given} is not an address that machines can reach");
        if (link == "")
        {
            if (given is null)
                network.Refuse("interface", "name the interface to the machines, or give network.address");
            return given ?? IPAddress.None;
        }
        var found = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(i => i.Name == link);
        var address = found is null ? null : given ?? found.GetIPProperties().UnicastAddresses.Select(a => a.Address)
            .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork);
        if (address is null)
            network.Refuse("interface", found is null ? $"there is no interface {link}" : $"interface {link} has no IPv4 address");
        return address ?? IPAddress.None;
    }

    private static DhcpSubnet? Subnet(ConfigNode subnet, IPAddress serverAddress)
    {
        var text = subnet.Required("network");
        // .NET clears host bits silently; whoever wrote them meant something else.
        var good = IPNetwork.TryParse(text, out var network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetwork
            && text.StartsWith($"{network.BaseAddress}/", StringComparison.Ordinal);
        if (!good && text != "")
            subnet.Refuse("network", $"'{text}' is not a network such as 10.1.0.0/24 (its host bits must be 0)");
        var dhcpNetwork = new DhcpNetwork(
            good ? Ipv4.ToNumber(network.BaseAddress) : 0, good ? network.PrefixLength : 32, subnet.Duration("leaseTime", TimeSpan.FromHours(1)));
        var options = OptionReader.Read(subnet);
        var ranges = subnet.List("ranges", range => ParseRange(range, dhcpNetwork));
        if (!subnet.HasItems("ranges"))
            subnet.Refuse("ranges", "give at least one range such as 10.1.0.100-10.1.0.199");
        subnet.EndOfKeys();
        return good ? new(dhcpNetwork, ranges, Ipv4.ToNumber(serverAddress)) { Options = options } : null;
    }

    // No shell takes it apart: an argument is what stands there. A brace begins a placeholder, and a mistyped one is no argument.
    private static (string, string?) Argument(string text)
    {
        var rest = ImagerCommand.Placeholders.Aggregate(text, (left, word) => left.Replace(word, "", StringComparison.Ordinal));
        return text == "" || rest.Contains('{', StringComparison.Ordinal)
            ? ("", $"is not an argument; placeholders are {string.Join(", ", ImagerCommand.Placeholders)}")
            : (text, null);
    }

    private static Upstream? Upstream(ConfigNode upstream)
    {
        var (name, url) = (upstream.Required("name"), upstream.Url("url", "http", "https"));
        if (url is null && upstream.Text("url") == "")
            upstream.Refuse("url", "is missing");
        upstream.EndOfKeys();
        return url is null ? null : new(name, url);
    }

    private static ((uint, uint), string?) ParseRange(string text, DhcpNetwork network)
    {
        var parts = text.Split('-', StringSplitOptions.TrimEntries);
        if (parts.Length != 2 || OptionReader.ParseAddress(parts[0]) is not (var first, null) || OptionReader.ParseAddress(parts[1]) is not (var last, null) || first > last)
            return (default, "is not a range such as 10.1.0.100-10.1.0.199");
        return network.Contains(first) && network.Contains(last) ? ((first, last), null) : (default, "is not inside its network");
    }
}
