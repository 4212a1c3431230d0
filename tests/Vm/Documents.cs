using System.Security.Cryptography;

namespace Cozy.Fleet.Vm;

/// <summary>The files that an operator would write for this rack.</summary>
internal static class Documents
{
    public const string Version = "v1.13.9";

    /// <summary>The rack. Beside another server it has a menu: real loaders show it, and nobody stands at the console.</summary>
    public static string Rack(Arrangement arrangement) =>
        $"""
        apiVersion: cozy.fleet/v1
        kind: Rack
        metadata:
          name: r1
        spec:
          discoveryImage: guest
          {(arrangement == Arrangement.BesideDnsmasq ? "bootMenuTimeout: 2s" : "")}
        """;

    /// <summary>A cluster of one node.</summary>
    public static string Cluster(string name, string node) =>
        $"""
        apiVersion: cozy.fleet/v1
        kind: Cluster
        metadata:
          name: {name}
        spec:
          image: guest
          kubernetesVersion: v1.36.3
          controlPlane:
            nodes: [{node}]
        """;

    /// <summary>The image that the machines boot: Debian's kernel, and an initramfs whose init is the simulator's node program.</summary>
    public static async Task<string> ImageAsync(string guest, string initramfs, CancellationToken cancellation) =>
        $"""
        apiVersion: cozy.fleet/v1
        kind: Image
        metadata:
          name: guest
        spec:
          talosVersion: {Version}
          installer: registry.test/installer:{Version}
          kernelArgs: [console=ttyS0, panic=10, mitigations=off, init_on_alloc=0]
          assets:
            - kind: ASSET_KIND_KERNEL
              architecture: ARCHITECTURE_AMD64
              url: file://{guest}/vmlinuz
              sha256: {await DigestAsync(Path.Combine(guest, "vmlinuz"), cancellation)}
            - kind: ASSET_KIND_INITRAMFS
              architecture: ARCHITECTURE_AMD64
              url: file://{guest}/{initramfs}
              sha256: {await DigestAsync(Path.Combine(guest, initramfs), cancellation)}
        """;

    /// <summary>The agent's configuration.</summary>
    public static string Agent(string data, string token, string guest, Arrangement arrangement) =>
        $"""
        rack: r1
        data: {data}
        coordinator:
          endpoint: https://127.0.0.1:7443
          token: {token}
        network:
          interface: {RackNetwork.Bridge}
        ipxe:
          directory: {guest}/loaders
          arm64: {Arm64Loader}
        dhcp:
        {Dhcp(arrangement)}
        {(arrangement == Arrangement.Ipv6 ? Dhcp6 : "")}
        """;

    private const string Dhcp6 =
        """
        dhcp6:
          subnets:
            - network: fd00:77::/64
              ranges: [fd00:77::100-fd00:77::1ff]
        """;

    /// <summary>What the arm64 machine is handed out: Debian has no iPXE for it, so it is the guest itself, as one file.</summary>
    public const string Arm64Loader = "guest-arm64.efi";

    /// <summary>The configuration of the other server where that is Kea: addresses and nothing to boot.</summary>
    public static string Kea(string leases) =>
        $$"""
        {"Dhcp4": {
          "interfaces-config": {"interfaces": ["{{RackNetwork.NeighbourLink}}"]},
          "lease-database": {"type": "memfile", "persist": true, "name": "{{leases}}"},
          "subnet4": [{"subnet": "10.77.0.0/24", "pools": [{"pool": "10.77.0.100-10.77.0.199"}]}]
        } }
        """;

    private static string Dhcp(Arrangement arrangement) => arrangement switch
    {
        Arrangement.Ipv6 => "  mode: off",
        Arrangement.BesideDnsmasq or Arrangement.BesideKea => "  mode: proxy",
        _ =>
            $"""
              mode: server
              subnets:
                - network: 10.77.0.0/24
                  ranges: [10.77.0.100-10.77.0.199]
                  router: {RackNetwork.HostAddress}
                - network: 10.78.0.0/24
                  ranges: [10.78.0.100-10.78.0.199]
                  router: {RackNetwork.FarAddress}
            """,
    };

    private static async Task<string> DigestAsync(string file, CancellationToken cancellation)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation));
    }
}
