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
    public static async Task<string> ImageAsync(string guest, GuestFiles files, CancellationToken cancellation) =>
        $"""
        apiVersion: cozy.fleet/v1
        kind: Image
        metadata:
          name: guest
        spec:
          talosVersion: {Version}
          installer: registry.test/installer:{Version}
          kernelArgs: [console={files.Console}, panic=10, mitigations=off, init_on_alloc=0]
          assets:
            - kind: ASSET_KIND_KERNEL
              architecture: {files.Architecture}
              url: file://{guest}/{files.Kernel}
              sha256: {await DigestAsync(Path.Combine(guest, files.Kernel), cancellation)}
            - kind: ASSET_KIND_INITRAMFS
              architecture: {files.Architecture}
              url: file://{guest}/{files.Initramfs}
              sha256: {await DigestAsync(Path.Combine(guest, files.Initramfs), cancellation)}
        """;

    /// <summary>The agent's configuration.</summary>
    public static string Agent(string data, string token, string guest, Scene scene) =>
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
          arm64: {scene.Arm64Loader}
        dhcp:
        {Dhcp(scene.Arrangement)}
        {(scene.Arrangement == Arrangement.Ipv6 ? Dhcp6 : "")}
        """;

    private const string Dhcp6 =
        """
        dhcp6:
          subnets:
            - network: fd00:77::/64
              ranges: [fd00:77::100-fd00:77::1ff]
        """;

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
