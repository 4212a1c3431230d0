namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>What real firmware asks is understood and answered in the way that it boots with (netboot.md 4.3).</summary>
public sealed class CapturedFirmwareTests
{
    private static readonly uint Server = Wire.Ip("10.77.0.1");

    public static TheoryData<string> Clients => [.. Capture.Clients, .. Capture.RelayedClients];

    [Theory]
    [InlineData("seabios-virtio-ipxe", ClientFirmware.Bios, "PXEClient", true, false)]
    [InlineData("seabios-e1000-ipxe", ClientFirmware.Bios, "PXEClient", true, false)]
    [InlineData("seabios-e1000-ipxe-relayed", ClientFirmware.Bios, "PXEClient", true, false)]
    [InlineData("ovmf-pxe", ClientFirmware.UefiX64, "PXEClient", false, false)]
    [InlineData("ovmf-http", ClientFirmware.UefiX64, "HTTPClient", false, true)]
    [InlineData("ovmf-http-relayed", ClientFirmware.UefiX64, "HTTPClient", false, true)]
    [InlineData("ovmf-snponly", ClientFirmware.UefiX64, "PXEClient", true, false)]
    [InlineData("aavmf-http", ClientFirmware.UefiArm64, "HTTPClient", false, true)]
    [InlineData("aavmf-http-relayed", ClientFirmware.UefiArm64, "HTTPClient", false, true)]
    public void A_client_is_taken_for_what_it_is(string client, ClientFirmware firmware, string bootClass, bool isIpxe, bool loadsUrl)
    {
        foreach (var request in new[] { Wire.Request(Capture.Discover(client)), Wire.Request(Capture.Request(client)) })
        {
            Assert.Equal((firmware, bootClass, isIpxe, loadsUrl), (request.Firmware, request.BootClass, request.IsIpxe, request.LoadsUrl));
            Assert.False(request.LacksHttp);
            // The captured machines have the UUID 4f1ee700-0000-4000-8000-00000000000N, N from the MAC address.
            Assert.Equal($"4f1ee700-0000-4000-8000-0000000000{request.Mac.Format(':')[12..14]}", request.Uuid.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public void The_conversation_ends_with_the_address_that_was_offered(string client)
    {
        var (discover, request) = (Wire.Request(Capture.Discover(client)), Wire.Request(Capture.Request(client)));
        var server = ServerOf(request.RelayAddress != 0 ? "10.78.0.0" : "10.77.0.0", request.RequestedAddress);
        var boot = new BootReply(Server, "boot/abc");

        var offer = new ReplyView(server.Answer(discover, boot, "", DateTimeOffset.UnixEpoch).Reply!, discover);
        var acknowledged = server.Answer(request, boot, "", DateTimeOffset.UnixEpoch);
        var ack = new ReplyView(acknowledged.Reply!, request);

        Assert.Equal((2, 5), (offer[53]!.Single(), ack[53]!.Single()));
        Assert.Equal(request.RequestedAddress, acknowledged.Store!.Value.Address);
        foreach (var (reply, asked) in new[] { (offer, discover), (ack, request) })
        {
            Assert.Equal((asked.BootClass, "boot/abc", "boot/abc"), (reply.TextOf(60), reply.TextOf(67), reply.File));
            Assert.Equal(asked.MachineIdOption, reply[97]);
            Assert.Equal(asked.ClientIdentifier, reply[61]);
            Assert.Equal(asked.BootClass == "PXEClient" ? [6, 1, 8, 255] : null, reply[43]);
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public void Beside_another_server_it_gets_the_file_alone_and_only_for_its_discover(string client)
    {
        var (discover, request) = (Wire.Request(Capture.Discover(client)), Wire.Request(Capture.Request(client)));
        var boot = new BootReply(Server, "boot/abc");

        var offer = new ReplyView(ProxyDhcp.Answer(discover, boot, Server, bootService: false).Reply!, discover);

        Assert.Equal((discover.BootClass, "boot/abc", "0.0.0.0"), (offer.TextOf(60), offer.TextOf(67), offer.AddressAt(16)));
        Assert.Null(ProxyDhcp.Answer(request, boot, Server, bootService: false).Reply);
    }

    // The only address that it has is the one that the captured REQUEST wants.
    private static DhcpServer ServerOf(string network, uint address) => new(
        new LeaseTable([new(new(Wire.Ip(network), 24, TimeSpan.FromHours(1)), [(address, address)], Server)], []),
        authoritative: false);
}
