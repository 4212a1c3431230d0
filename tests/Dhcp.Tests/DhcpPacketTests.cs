namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>Whatever the bytes are: a value or a refusal, never an exception.</summary>
public sealed class DhcpPacketTests
{
    public static TheoryData<string, byte[]> Captures => new(
        Capture.Clients.Concat(Capture.RelayedClients).SelectMany(client => new[]
        {
            new TheoryDataRow<string, byte[]>(client + " discover", Capture.Discover(client)),
            new TheoryDataRow<string, byte[]>(client + " request", Capture.Request(client)),
        }))
    {
        { "OVMF", Wire.Firmware(1, 7) },
        { "BIOS request", Wire.Firmware(3, 0, new(Broadcast: true), (50, [10, 1, 0, 100]), (54, [10, 1, 0, 1])) },
        { "iPXE", Wire.Ipxe(1, 0) },
        { "relayed", Wire.Firmware(1, 7, new(Giaddr: "10.2.0.254"), (82, [1, 2, 3, 4, 5, 4, 10, 2, 0, 0])) },
        { "udhcpc", Wire.Plain(3, new(Ciaddr: "10.1.0.100")) },
    };

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_prefix_is_answered_or_refused(string name, byte[] datagram)
    {
        for (var length = 0; length <= datagram.Length; length++)
            Handle(datagram.AsSpan(0, length));
        Assert.NotEqual("", name);
        Assert.Equal("", Handle(datagram));
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_flipped_bit_is_answered_or_refused(string name, byte[] datagram)
    {
        var refused = 0;
        for (var bit = 0; bit < datagram.Length * 8; bit++)
        {
            var flipped = datagram.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            refused += Handle(flipped) == "" ? 0 : 1;
        }
        // The op, hardware and cookie bytes at least must not pass with any bit changed.
        Assert.True(refused >= 8 * 6, $"{name}: {refused} were refused");
    }

    [Theory]
    [InlineData(0, 3, "unknown-op")]
    [InlineData(0, 2, "not-a-request")]
    [InlineData(1, 6, "not-ethernet")]
    [InlineData(2, 16, "not-ethernet")]
    [InlineData(3, 17, "too-many-hops")]
    [InlineData(236, 0, "no-dhcp-cookie")]
    [InlineData(242, 9, "no-message-type")]
    public void Each_refusal_has_its_own_word(int offset, byte value, string refusal)
    {
        var datagram = Wire.Plain(1);
        datagram[offset] = value;

        Assert.Equal(refusal, Handle(datagram));
    }

    [Fact]
    public void Several_instances_of_an_option_are_one_value()
    {
        Assert.True(DhcpPacket.TryWrap(Wire.Plain(1, null, (61, [1, 2]), (61, [3])), out var packet, out _));
        Assert.Equal([1, 2, 3], packet.Option(61)!);
        Assert.Null(packet.Option(50));
    }

    [Fact]
    public void Header_fields_hold_options_when_option_52_says_so()
    {
        var datagram = Wire.Plain(1, null, (52, [3]));
        byte[] inFile = [12, 2, (byte)'a', (byte)'b', 255], inServerName = [15, 1, (byte)'c', 255];
        inFile.CopyTo(datagram, 108);
        inServerName.CopyTo(datagram, 44);

        Assert.True(DhcpPacket.TryWrap(datagram, out var packet, out _));
        Assert.Equal("ab"u8.ToArray(), packet.Option(12));
        Assert.Equal("c"u8.ToArray(), packet.Option(15));
    }

    [Theory]
    [InlineData("raw", true)]
    [InlineData("with a length", true)]
    [InlineData("among others", true)]
    [InlineData("option 175 only", true)]
    [InlineData("another class", false)]
    public void Ipxe_is_recognised_by_either_form_of_its_class_or_its_own_option(string form, bool expected)
    {
        (byte, byte[]) option = form switch
        {
            "raw" => (77, "iPXE"u8.ToArray()),
            "with a length" => (77, [4, .. "iPXE"u8]),
            "among others" => (77, [3, .. "lab"u8, 4, .. "iPXE"u8]),
            "option 175 only" => (175, [0xb1, 1, 0]),
            _ => (77, "gPXE"u8.ToArray()),
        };

        Assert.Equal(expected, Wire.Request(Wire.Firmware(1, 0, null, option)).IsIpxe);
    }

    [Theory]
    [InlineData(0, ClientFirmware.Bios)]
    [InlineData(6, ClientFirmware.None)] // 32-bit UEFI does not run what we have
    [InlineData(7, ClientFirmware.UefiX64)]
    [InlineData(9, ClientFirmware.UefiX64)]
    [InlineData(11, ClientFirmware.UefiArm64)]
    [InlineData(16, ClientFirmware.UefiX64)]
    [InlineData(12, ClientFirmware.None)]
    [InlineData(65535, ClientFirmware.None)]
    public void Option_93_tells_the_firmware_and_nothing_is_guessed(int code, ClientFirmware expected) =>
        Assert.Equal(expected, Wire.Request(Wire.Firmware(1, (ushort)code)).Firmware);

    [Theory]
    [InlineData(7, "PXEClient", false)]
    [InlineData(16, "HTTPClient", true)]
    [InlineData(19, "HTTPClient", true)]
    [InlineData(19, "PXEClient", true)] // Ampere eMAG
    public void What_loads_a_url_is_told_by_option_93_first(int code, string vendorClass, bool loadsUrl) => Assert.Equal(
        loadsUrl, Wire.Request(Wire.Packet(new(), (53, [1]), (93, [0, (byte)code]), Wire.Text(60, vendorClass))).LoadsUrl);

    [Fact]
    public void A_raspberry_pi_that_says_bios_is_none() => Assert.Equal(
        ClientFirmware.None, Wire.Request(Wire.Firmware(1, 0, new(Mac: Primitives.MacAddress.Parse("dc:a6:32:00:00:01")))).Firmware);

    [Theory]
    [InlineData(new byte[] { 0x13, 1, 1 }, false)]
    [InlineData(new byte[] { 0xb1, 1, 0 }, false)] // it names no feature at all
    [InlineData(new byte[] { 0x15, 1, 1, 0x17, 1, 1 }, true)]
    public void An_ipxe_that_cannot_load_by_http_says_so(byte[] features, bool lacks) =>
        Assert.Equal(lacks, Wire.Request(Wire.Firmware(1, 0, null, (175, features))).LacksHttp);

    [Fact]
    public void The_machine_id_is_the_uuid_that_the_vendor_printed() => Assert.Equal(
        "11223344-5566-7788-99aa-bbccddeeff00", Wire.Request(Wire.Firmware(1, 7)).Uuid.ToString());

    private static string Handle(ReadOnlySpan<byte> datagram)
    {
        if (!DhcpPacket.TryWrap(datagram, out var packet, out var refusal) || !DhcpRequest.TryFrom(packet, out var request, out refusal))
            return refusal;
        var rack = new Rack(authoritative: true);
        var now = rack.Clock.GetUtcNow();
        var buffer = new byte[1500];
        foreach (var answer in new[]
        {
            new DhcpServer(rack.Leases, true).Answer(request, Rack.Loader, "", now),
            ProxyDhcp.Answer(request, Rack.Loader, Wire.Ip("10.1.0.1"), true),
        })
        {
            if (answer.Reply is { } reply)
                Assert.InRange(reply.Write(request, buffer), 300, 1472);
        }
        return "";
    }
}
