using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;
using Cozy.Fleet.Simulator.Firmware;
using Google.Protobuf;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>
/// A room after a power cut: 200 machines are switched on at once, by DHCP, TFTP, script, kernel and initramfs; the time until the last has its
/// kernel. Beside dnsmasq and nginx, set up as Cozystack's documentation has dnsmasq and an HTTP server.
/// </summary>
internal static class StormBench
{
    private const int Rounds = 5;
    private const int Machines = 200;
    private const string Version = "v1.13.9";

    public static async Task<IReadOnlyList<Compared>> RunAsync()
    {
        var places = ServerPlace.Make("storm", "agent", "dnsmasq+nginx");
        var servers = new List<ServerHost>();
        try
        {
            foreach (var place in places)
            {
                var (kernel, initramfs) = WriteFiles(place);
                var server = place.Name == "agent" ? await AgentAsync(place, kernel, initramfs) : await OthersAsync(place);
                servers.Add(await server.AnswersAsync(async () => await IsReadyAsync(place, kernel)));
            }
            Contender[] all = [.. servers.Select(server => new Contender(server.Place.Name, () => StormAsync(server.Place), () => server.Memory))];
            return
            [
                await new Comparison($"{Machines} machines to kernel", "s", MoreIsBetter: false, 1) { Agent = all[0], Others = all[1..] }.RunAsync(Rounds),
            ];
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    // The kernel says in its first line what it is, as the simulator wants; sizes are small, or the clients would need the memory of a room.
    private static (byte[] Kernel, byte[] Initramfs) WriteFiles(ServerPlace place)
    {
        Directory.CreateDirectory(place["files"]);
        var (loader, kernel, initramfs) = (new byte[200_000], new byte[1 << 20], new byte[4 << 20]);
        System.Text.Encoding.ASCII.GetBytes($"kernel {Version}\n", kernel);
        foreach (var (name, content) in new[] { ("boot.bin", loader), ("small.bin", loader), ("vmlinuz", kernel), ("initramfs", initramfs) })
            File.WriteAllBytes(place[$"files/{name}"], content);
        File.WriteAllText(place["files/script.ipxe"],
            "#!ipxe\nkernel vmlinuz talos.platform=metal initrd=initramfs\ninitrd --name initramfs initramfs\nboot\n");
        return (kernel, initramfs);
    }

    private static Task<ServerHost> AgentAsync(ServerPlace place, byte[] kernel, byte[] initramfs)
    {
        BootAsset Asset(AssetKind kind, string file, byte[] content) => new()
        {
            Kind = kind, Architecture = Architecture.Amd64, Sha256 = Digest(content), Url = new Uri(place[file]).AbsoluteUri,
        };
        var image = new BootImage { Name = "i", TalosVersion = Version };
        image.Assets.Add(Asset(AssetKind.Kernel, "files/vmlinuz", kernel));
        image.Assets.Add(Asset(AssetKind.Initramfs, "files/initramfs", initramfs));
        var state = new DesiredState { Revision = 1, UnknownAction = BootAction.Netboot, UnknownImage = "i", Images = { image } };
        Directory.CreateDirectory(place["data"]);
        File.WriteAllBytes(place["data/desired-state.pb"], state.ToByteArray());
        return AgentServer.StartAsync(place);
    }

    private static Task<ServerHost> OthersAsync(ServerPlace place)
    {
        string[] dnsmasq =
        [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", $"--interface={ServerHost.Link}", "--no-ping",
            "--quiet-dhcp", "--quiet-tftp", $"--pid-file={place["pid"]}", $"--dhcp-leasefile={place["leases"]}", "--dhcp-lease-max=100000",
            $"--dhcp-range={place.Network}.16.0,{place.Network}.250.255,255.255.0.0,1h", "--enable-tftp", $"--tftp-root={place["files"]}",
            "--tftp-max=1000", "--dhcp-match=set:bios,option:client-arch,0", "--dhcp-userclass=set:ipxe,iPXE",
            "--dhcp-boot=tag:bios,tag:!ipxe,boot.bin", "--dhcp-boot=tag:!bios,tag:!ipxe,small.bin",
            $"--dhcp-boot=tag:ipxe,http://{place.Address}/script.ipxe",
        ];
        return ServerHost.StartAsync(place, ["sh", "-c", "nginx -p \"$0\" -c \"$1\" -e stderr & shift; exec \"$@\"", place.Folder, NginxConfig.Write(place), .. dnsmasq]);
    }

    private static async Task<bool> IsReadyAsync(ServerPlace place, byte[] kernel)
    {
        var path = place.Name == "agent" ? $"assets/{Digest(kernel)}" : "vmlinuz";
        return (await Tool.TryAsync("curl", "-sSf", "-o", "/dev/null", $"http://{place.Address}/{path}")).Code == 0
            && (await Tool.TryAsync("curl", "-sSf", "-o", "/dev/null", $"tftp://{place.Address}/boot.bin")).Code == 0;
    }

    private static async Task<double> StormAsync(ServerPlace place)
    {
        using var relay = new Relay(place);
        using var http = new HttpClient();
        var wiring = new RackWiring(relay.EndPoint, 69, IPAddress.Parse(place.OurAddress));
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Machines).Select(number => Task.Run(() => BootAsync(wiring, number, http))));
        return clock.Elapsed.TotalSeconds;
    }

    private static async Task BootAsync(RackWiring wiring, int number, HttpClient http)
    {
        var mac = MacAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"02:00:00:00:{number >> 8:x2}:{number & 0xff:x2}"));
        if (!MachineUuid.TryParse(string.Create(CultureInfo.InvariantCulture, $"5707a000-0000-4000-8000-{number:x12}"), out var uuid))
            throw new InvalidOperationException("A UUID of our own was refused.");
        var firmware = number % 2 == 0 ? SimulatedFirmware.Bios : SimulatedFirmware.UefiX64;
        // Fast enough that only the servers' work takes time.
        var pace = new Pace(TimeProvider.System, speed: 1000);
        var boot = new NetworkBoot(new($"m{number}", mac, uuid, firmware), wiring, pace, new Random(number), http);
        var source = await boot.RunAsync(new SystemDisk(), CancellationToken.None);
        if (source is not BootSource.Network)
            throw new InvalidOperationException($"Machine {number} was to boot from the network and got {source}.");
    }

    private static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
