using System.Net;
using System.Net.Sockets;
using System.Text;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Simulator.Firmware;

/// <summary>
/// A machine's way from power-on to a kernel: firmware DHCP, the loader by TFTP, iPXE's own DHCP, the script and the files by
/// HTTP. Packets are real; what a real ROM would not accept is not accepted here.
/// </summary>
internal sealed class NetworkBoot(MachineOptions machine, RackWiring wiring, Pace pace, Random random, HttpClient http) : IFirmware
{
    // The DHCP header's field holds 128 bytes, the end among them (netboot.md 3).
    private const int LongestFileName = 127;

    private readonly Dictionary<string, byte[]> files = [];

    // BIOS ROMs know no windows; newer EDK2 asks for four blocks at a time.
    private readonly int pxeWindow = machine.Firmware == SimulatedFirmware.Bios ? 1 : 4;

    public async Task<BootSource> RunAsync(SystemDisk disk, CancellationToken cancellation)
    {
        await pace.WaitAsync(20, cancellation); // Power-on self test.
        var firmware = await LeaseAsync(isIpxe: false, cancellation);
        RequireBootable(firmware);
        var server = new IPEndPoint(firmware.NextServer, wiring.TftpPort);
        await new TftpLoader(wiring.Relay, server, pxeWindow).LoadAsync(firmware.BootFile, cancellation);

        var ipxe = await LeaseAsync(isIpxe: true, cancellation);
        var url = ipxe.BootFile;
        while (true)
        {
            switch (await RunScriptAsync(url, ipxe.YourAddress, cancellation))
            {
                case IpxeResult.Boot { Initrds.Count: 0 }:
                    throw new IOException("kernel panic: no initramfs");
                case IpxeResult.Boot boot:
                    return new BootSource.Network(VersionOf(files[boot.Kernel], boot.CommandLine), boot.CommandLine, ipxe.YourAddress);
                case IpxeResult.Disk:
                    return new BootSource.Disk(ipxe.YourAddress);
                case IpxeResult.Chain chain:
                    await pace.WaitAsync(chain.WaitSeconds, cancellation);
                    url = new Uri(new Uri(url), chain.Url).ToString();
                    break;
                default:
                    throw new IOException("the script asked for a reboot");
            }
        }
    }

    /// <summary>DISCOVER, OFFER, REQUEST, ACK.</summary>
    private async Task<DhcpServerMessage> LeaseAsync(bool isIpxe, CancellationToken cancellation)
    {
        // The rack's relay hands the machine's broadcasts on; answers come back to the port that they were sent from.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(wiring.Relay, 0));
        var discover = new DhcpClientMessage(DhcpMessageType.Discover, machine.Mac, (uint)random.Next())
        {
            Uuid = machine.Uuid,
            Architecture = (ushort)(machine.Firmware == SimulatedFirmware.Bios ? 0 : 7),
            IsIpxe = isIpxe,
            Relay = wiring.Relay,
        };
        var offer = await AskAsync(socket, discover, DhcpMessageType.Offer, cancellation);
        var request = discover with
        {
            MessageType = DhcpMessageType.Request,
            RequestedAddress = Ipv4.ToNumber(offer.YourAddress),
            ServerIdentifier = offer.ServerIdentifier,
        };
        var ack = await AskAsync(socket, request, DhcpMessageType.Ack, cancellation);
        // In the main exchange the ACK's server must be the offer's (netboot.md 7.2).
        return ack.ServerIdentifier == offer.ServerIdentifier ? ack : throw new IOException("the ACK came from another server than the offer");
    }

    // Firmware waits 4, 8, 16 and 32 seconds (netboot.md 1).
    private async Task<DhcpServerMessage> AskAsync(
        Socket socket, DhcpClientMessage message, DhcpMessageType wanted, CancellationToken cancellation)
    {
        var buffer = new byte[1500];
        var length = message.Write(buffer);
        foreach (var seconds in new[] { 4, 8, 16, 32 })
        {
            await socket.SendToAsync(buffer.AsMemory(0, length), wiring.Dhcp, cancellation);
            if (await ReceiveAsync(socket, message, wanted, TimeSpan.FromSeconds(Math.Max(1, pace.Scaled(seconds).TotalSeconds)), cancellation) is { } reply)
                return reply;
        }
        throw new IOException($"no {wanted} for the {message.MessageType}");
    }

    private static async Task<DhcpServerMessage?> ReceiveAsync(
        Socket socket, DhcpClientMessage message, DhcpMessageType wanted, TimeSpan limit, CancellationToken cancellation)
    {
        var buffer = new byte[1500];
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(limit);
        try
        {
            while (true)
            {
                var count = await socket.ReceiveAsync(buffer, timeout.Token);
                var reply = DhcpServerMessage.Read(buffer.AsSpan(0, count));
                if (reply?.MessageType == DhcpMessageType.Nak && IsFor(message, reply))
                    throw new IOException("the server refused the address");
                if (reply is not null && IsFor(message, reply) && reply.MessageType == wanted && IsComplete(reply))
                    return reply;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private static bool IsFor(DhcpClientMessage message, DhcpServerMessage reply) =>
        reply.TransactionId == message.TransactionId && reply.Mac == message.Mac;

    // Firmware ignores an offer without a server identifier or an address, and asks on until it gives up (netboot.md 7.1).
    private static bool IsComplete(DhcpServerMessage reply) => reply.ServerIdentifier != 0 && !reply.YourAddress.Equals(IPAddress.Any);

    // Option 60 without "do not ask 4011" sends firmware to a boot service there (netboot.md 7.1).
    private static void RequireBootable(DhcpServerMessage ack)
    {
        if (ack.BootFile == "" || ack.NextServer.Equals(IPAddress.Any))
            throw new IOException("PXE-E53: no boot file name received");
        if (ack.BootFile.Length > LongestFileName)
            throw new IOException($"PXE-E53: the boot file name has {ack.BootFile.Length} bytes, and {LongestFileName} fit");
        if (ack.VendorClass == "PXEClient" && !ack.BootWithoutBootService)
            throw new IOException("PXE-E55: the offer points to a boot service that this machine does not ask");
    }

    private async Task<IpxeResult> RunScriptAsync(string url, IPAddress address, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp)
            throw new IOException($"iPXE got '{url}' instead of a script's URL");
        var text = await http.GetStringAsync(uri, cancellation);
        files.Clear();
        var script = new IpxeScript(Settings(address), (file, token) => FetchAsync(uri, file, token));
        return await script.RunAsync(text, cancellation);
    }

    private async Task<bool> FetchAsync(Uri script, string file, CancellationToken cancellation)
    {
        using var response = await http.GetAsync(new Uri(script, file), cancellation);
        if (!response.IsSuccessStatusCode)
            return false;
        // Without the length iPXE grows its buffer again and again (netboot.md 14.6).
        if (response.Content.Headers.ContentLength is not { } length)
            throw new IOException($"{file} came without Content-Length");
        files[file] = await response.Content.ReadAsByteArrayAsync(cancellation);
        return files[file].Length == length;
    }

    private Dictionary<string, string> Settings(IPAddress address) => new()
    {
        ["uuid"] = machine.Uuid.ToString(),
        ["serial"] = machine.Serial,
        ["mac"] = machine.Mac.ToString(),
        ["net0/mac"] = machine.Mac.ToString(),
        ["net0/mac:hexhyp"] = machine.Mac.Format('-'),
        ["mac:hexhyp"] = machine.Mac.Format('-'),
        ["ip"] = address.ToString(),
        ["platform"] = machine.Firmware == SimulatedFirmware.Bios ? "pcbios" : "efi",
        ["buildarch"] = machine.Firmware == SimulatedFirmware.Bios ? "i386" : "x86_64",
    };

    // A stand-in kernel says in its first line what it is; Talos' own command line must be there (talos.md 3.8).
    private static SemanticVersion VersionOf(byte[] kernel, string commandLine)
    {
        if (!commandLine.Split(' ').Contains("talos.platform=metal"))
            throw new IOException("kernel panic: talos.platform is not set");
        var line = Encoding.ASCII.GetString(kernel.AsSpan(0, Math.Min(100, kernel.Length))).Split('\n')[0];
        return SemanticVersion.TryParse(line.Split(' ')[^1], out var version)
            ? version
            : throw new IOException("kernel panic: this is not a kernel of a simulated Talos");
    }
}
