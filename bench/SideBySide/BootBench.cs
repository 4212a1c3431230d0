using System.Security.Cryptography;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>
/// One emulated machine from power-on to its kernel's first line, through the agent and through dnsmasq with an HTTP server. The latter two
/// are set up as Cozystack documents them: dnsmasq pings before it offers and names <c>ipxe.efi</c>, and the first script chains to the
/// machine's own, as matchbox has it. What differs is what firmware and iPXE wait for. Every round is another network card, as in a new rack.
/// </summary>
internal static class BootBench
{
    private const int Rounds = 5;
    private const double SecondsSooner = 15; // design.md 6
    private const string KernelArguments = "console=ttyS0 panic=10";

    private static readonly string Guest = Path.GetFullPath(".run/vm");

    public static async Task<IReadOnlyList<Compared>> RunAsync()
    {
        var places = ServerPlace.Make("boot", "agent", "dnsmasq+nginx");
        var servers = new List<ServerHost>();
        try
        {
            foreach (var place in places)
            {
                WriteFiles(place);
                var server = place.Name == "agent" ? await AgentAsync(place) : await OthersAsync(place);
                servers.Add(await server.AnswersAsync(async () => await IsReadyAsync(place)));
                await EmulatedMachine.MakeBridgeAsync(place);
            }
            return
            [
                await Compare("BIOS (SeaBIOS, iPXE's ROM)", isUefi: false).RunAsync(Rounds),
                await Compare("UEFI (OVMF's own PXE)", isUefi: true).RunAsync(Rounds),
            ];
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }

        Comparison Compare(string what, bool isUefi)
        {
            Contender[] all = [.. servers.Select(server => ContenderOf(server, isUefi))];
            return new(what, "s", MoreIsBetter: false, SecondsSooner) { Agent = all[0], Others = all[1..], CountsDifference = true };
        }
    }

    private static Contender ContenderOf(ServerHost server, bool isUefi) =>
        new(server.Place.Name, () => EmulatedMachine.BootAsync(server.Place, isUefi), () => server.Memory);

    private static void WriteFiles(ServerPlace place)
    {
        Directory.CreateDirectory(place["files"]);
        foreach (var loader in new[] { "undionly.kpxe", "ipxe.efi", "snponly.efi" })
            File.Copy($"/usr/lib/ipxe/{loader}", place[$"files/{loader}"]);
        File.Copy(Path.Combine(Guest, "vmlinuz"), place["files/vmlinuz"]);
        File.Copy(Path.Combine(Guest, "initramfs.gz"), place["files/initramfs"]);
        File.WriteAllText(place["files/boot.ipxe"],
            "#!ipxe\nchain ipxe?uuid=${uuid}&mac=${mac:hexhyp}&domain=${domain}&hostname=${hostname}&serial=${serial}\n");
        File.WriteAllText(place["files/ipxe"],
            $"#!ipxe\nkernel /vmlinuz talos.platform=metal initrd=initramfs {KernelArguments}\ninitrd --name initramfs /initramfs\nboot\n");
    }

    private static Task<ServerHost> AgentAsync(ServerPlace place)
    {
        BootAsset Asset(AssetKind kind, string file) => new()
        {
            Kind = kind, Architecture = Architecture.Amd64, Sha256 = Digest(place[file]), Url = new Uri(place[file]).AbsoluteUri,
        };
        var image = new BootImage { Name = "guest", TalosVersion = "v1.13.9" };
        image.Assets.Add([Asset(AssetKind.Kernel, "files/vmlinuz"), Asset(AssetKind.Initramfs, "files/initramfs")]);
        image.KernelArgs.Add(KernelArguments);
        var state = new DesiredState { Revision = 1, UnknownAction = BootAction.Netboot, UnknownImage = "guest", Images = { image } };
        Directory.CreateDirectory(place["data"]);
        File.WriteAllBytes(place["data/desired-state.pb"], state.ToByteArray());
        return AgentServer.StartAsync(place, "undionly.kpxe", "snponly.efi");
    }

    private static Task<ServerHost> OthersAsync(ServerPlace place)
    {
        string[] dnsmasq =
        [
            "dnsmasq", "-d", "-q", "-p0", "--conf-file=/dev/null", "--user=root",
            $"--pid-file={place["pid"]}", $"--dhcp-leasefile={place["leases"]}",
            $"--dhcp-range={place.Network}.16.0,{place.Network}.250.255", $"--dhcp-option=option:router,{place.Address}",
            "--enable-tftp", $"--tftp-root={place["files"]}",
            "--dhcp-match=set:bios,option:client-arch,0", "--dhcp-boot=tag:bios,undionly.kpxe",
            "--dhcp-match=set:efi32,option:client-arch,6", "--dhcp-boot=tag:efi32,ipxe.efi", "--dhcp-match=set:efibc,option:client-arch,7",
            "--dhcp-boot=tag:efibc,ipxe.efi", "--dhcp-match=set:efi64,option:client-arch,9", "--dhcp-boot=tag:efi64,ipxe.efi",
            "--dhcp-userclass=set:ipxe,iPXE", $"--dhcp-boot=tag:ipxe,http://{place.Address}/boot.ipxe", "--log-queries", "--log-dhcp",
        ];
        const string Both = "nginx -p \"$0\" -c \"$1\" -e stderr & shift; exec \"$@\"";
        return ServerHost.StartAsync(place, ["sh", "-c", Both, place.Folder, NginxConfig.Write(place), .. dnsmasq]);
    }

    private static async Task<bool> IsReadyAsync(ServerPlace place)
    {
        foreach (var file in new[] { "vmlinuz", "initramfs" })
        {
            var url = $"http://{place.Address}/{(place.Name == "agent" ? $"assets/{Digest(place[$"files/{file}"])}" : file)}";
            if ((await Tool.TryAsync("curl", "-sSf", "-o", "/dev/null", url)).Code != 0)
                return false;
        }
        return true;
    }

    private static string Digest(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
