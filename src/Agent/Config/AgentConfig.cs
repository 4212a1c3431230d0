using System.Net;
using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Config;

internal enum DhcpMode
{
    /// <summary>We give the addresses.</summary>
    Server,

    /// <summary>Somebody else gives the addresses; we only say what to boot (proxyDHCP).</summary>
    Proxy,
    Off,
}

/// <summary>Whose offers wait until it was asked whether somebody uses the address.</summary>
internal enum ConflictProbing
{
    Off,

    /// <summary>Those of the local link, by ARP.</summary>
    Link,

    /// <summary>Those behind relays as well, by ICMP echo.</summary>
    Everywhere,
}

/// <summary>A registry that is mirrored.</summary>
/// <param name="Name">As image references begin: docker.io, ghcr.io.</param>
internal sealed record Upstream(string Name, Uri Url);

/// <summary>The server of machines that boot over IPv6.</summary>
/// <param name="Address">The address that machines reach us at.</param>
internal sealed record Dhcp6Config(IPAddress Address, int Port, IReadOnlyList<Dhcp6Subnet> Subnets)
{
    public IReadOnlyList<Reservation<UInt128>> Reservations { get; init; } = [];

    /// <summary>Options of everybody and of classes; those of subnets and reservations stand with these.</summary>
    public OptionPolicy Options { get; init; } = OptionPolicy.None;

    /// <summary>Routers are advertised on the link: machines learn from it that they shall ask us.</summary>
    public bool Advertises { get; init; }

    /// <summary>Machines may also make addresses of their own.</summary>
    public bool Autonomous { get; init; }
}

/// <summary>The agent's configuration as it was accepted. docs/agent.md explains every key.</summary>
internal sealed record AgentConfig
{
    public string Rack { get; init; } = "";

    public string DataDirectory { get; init; } = "";

    public Uri? CoordinatorEndpoint { get; init; }

    public string Token { get; init; } = "";

    /// <summary>The link to the machines; empty when an address is given instead.</summary>
    public string Interface { get; init; } = "";

    /// <summary>The address that machines reach us at.</summary>
    public IPAddress Address { get; init; } = IPAddress.None;

    /// <summary>Machines that boot are told that there is no IPv6 router, where none speaks.</summary>
    public bool EndsIpv6Wait { get; init; } = true;

    public DhcpMode DhcpMode { get; init; }

    public int DhcpPort { get; init; } = 67;

    public int BootServicePort { get; init; } = 4011;

    public bool Authoritative { get; init; }

    public ConflictProbing ConflictProbe { get; init; } = ConflictProbing.Link;

    /// <summary>How long an offer waits for somebody who says that the address is in use.</summary>
    public TimeSpan ConflictProbeTime { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Other DHCP servers on the machines' network are looked for.</summary>
    public bool DhcpGuard { get; init; } = true;

    public IReadOnlyList<DhcpSubnet> Subnets { get; init; } = [];

    public IReadOnlyList<Reservation<uint>> Reservations { get; init; } = [];

    /// <summary>Options of everybody and of classes; those of subnets and reservations stand with these.</summary>
    public OptionPolicy Options { get; init; } = OptionPolicy.None;

    /// <summary>DHCPv6 and what goes with it; null: machines are served by IPv4 alone.</summary>
    public Dhcp6Config? Dhcp6 { get; init; }

    public int TftpPort { get; init; } = 69;

    /// <summary>All transfers over <see cref="TftpPort"/>, for firewalls and NATs that know no TFTP.</summary>
    public bool TftpSinglePort { get; init; }

    /// <summary>So many transfers at once; more ask again.</summary>
    public int TftpTransfers { get; init; } = 400;

    public int TftpTransfersPerClient { get; init; } = 16;

    public int HttpPort { get; init; } = 80;

    /// <summary>How many assets one machine loads at once.</summary>
    public int HttpTransfersPerMachine { get; init; } = 2;

    public string IpxeDirectory { get; init; } = "/usr/lib/ipxe";

    public string BiosLoader { get; init; } = "undionly.kpxe";

    public string UefiLoader { get; init; } = "snponly.efi";

    /// <summary>The loader of UEFI arm64 machines; empty: they get an address and nothing to boot.</summary>
    public string Arm64Loader { get; init; } = "";

    /// <summary>How many bytes of boot assets are kept on disk.</summary>
    public long AssetsLimit { get; init; } = 20L << 30;

    /// <summary>The imager as an argument list; empty: this agent builds no images.</summary>
    public IReadOnlyList<string> ImagerCommand { get; init; } = [];

    public TimeSpan ImagerTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The registries that are mirrored; none: there is no mirror.</summary>
    public IReadOnlyList<Upstream> Upstreams { get; init; } = [];

    /// <summary>How many bytes of container images are kept on disk.</summary>
    public long MirrorLimit { get; init; } = 50L << 30;

    public int TalosPort { get; init; } = 50000;

    /// <summary>How often a node is looked at that says nothing by itself.</summary>
    public TimeSpan ObserveInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How many nodes are watched at once; the others are looked at every <see cref="ObserveInterval"/>.</summary>
    public int WatchLimit { get; init; } = 256;

    /// <summary>Where nodes push their events to; null: nowhere.</summary>
    public int? EventSinkPort { get; init; } = 3247;

    /// <summary>Where nodes send their kernels' logs to, TCP and UDP; null: nowhere.</summary>
    public int? KernelLogPort { get; init; } = 3248;

    public PowerOptions Power { get; init; } = new();

    public Uri? OtlpEndpoint { get; init; }
}
