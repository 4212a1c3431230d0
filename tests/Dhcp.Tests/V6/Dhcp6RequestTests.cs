using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Dhcp.Tests.V6;

public sealed class Dhcp6RequestTests
{
    [Theory]
    [InlineData(7, ClientFirmware.UefiX64, "PXEClient", false)]
    [InlineData(11, ClientFirmware.UefiArm64, "PXEClient", false)]
    [InlineData(16, ClientFirmware.UefiX64, "HTTPClient", true)]
    [InlineData(19, ClientFirmware.UefiArm64, "HTTPClient", true)]
    public void Firmware_says_what_it_is(ushort architecture, ClientFirmware firmware, string bootClass, bool loadsUrl)
    {
        var request = Wire6.Request(Wire6.Firmware(Dhcp6MessageType.Solicit, architecture, Wire6.Association(7)));

        Assert.Equal((firmware, bootClass, loadsUrl, true, false),
            (request.Firmware, request.BootClass, request.LoadsUrl, request.WantsBoot, request.IsIpxe));
        Assert.Equal((0x0a0b0cu, Wire6.Mac, "11223344-5566-7788-99aa-bbccddeeff00"), (request.TransactionId, request.Mac,
            request.Uuid.ToString()));
        Assert.Equal(7u, Assert.Single(request.Associations).Id);
    }

    [Fact]
    public void Ipxe_and_plain_systems_are_told_apart()
    {
        Assert.True(Wire6.Request(Wire6.Ipxe(Dhcp6MessageType.Solicit)).IsIpxe);
        Assert.False(Wire6.Request(Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, Wire6.FirmwareId))).WantsBoot);
    }

    [Fact]
    public void The_card_is_told_by_relay_then_by_the_link_local_address_then_by_the_duid()
    {
        byte[] byTime = [0, 1, 0, 1, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1];
        var plain = Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, byTime));
        var byUuid = Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, Wire6.FirmwareId));
        // A machine has one DUID for all of its cards: each of them must get an address.
        Assert.Equal(Wire6.Mac, Wire6.Request(plain).Mac);
        Assert.Equal("02:00:00:00:00:01", Wire6.Request(plain, Wire6.Ip("fe80::1")).Mac.ToString());
        Assert.Null(Wire6.Request(byUuid, Wire6.Ip("fe80::1")).Mac);
        var relayed = Wire6.Relayed(0, "fd00:78::1", Ipv6.ToAddress(Wire6.LinkLocal).ToString(), plain,
            Wire6.Option(79, 0, 1, 2, 0, 0, 0, 0, 9));
        Assert.Equal("02:00:00:00:00:09", Wire6.Request(relayed, Wire6.Ip("fd00:78::1")).Mac.ToString());
    }

    [Fact]
    public void What_the_client_asks_for_and_calls_itself_is_read()
    {
        var firmware = Wire6.Request(Wire6.Firmware(Dhcp6MessageType.Solicit, 16));
        var named = Wire6.Request(Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, Wire6.FirmwareId),
            Wire6.Option(6, 0, 23), Wire6.Option(39, 0)));
        var silent = Wire6.Request(Wire6.Message(Dhcp6MessageType.Solicit, Wire6.Option(1, Wire6.FirmwareId)));

        Assert.Equal([59, 60], firmware.OptionRequest!);
        Assert.Equal(["HTTPClient:Arch:00016:UNDI:003000"], firmware.VendorClasses);
        Assert.Equal((false, true, true), (firmware.WantsName, named.WantsName, silent.WantsName));
        Assert.Null(silent.OptionRequest);
    }

    [Fact]
    public void Relays_are_unwrapped_and_the_nearest_to_the_client_names_the_link()
    {
        var inner = Wire6.Relayed(0, "fd00:78::1", "fe80::5054:ff:fe12:3456", Wire6.Firmware(Dhcp6MessageType.Solicit,
            7), Wire6.Option(18, 1, 2));
        var request = Wire6.Request(Wire6.Relayed(1, "::", "fd00:78::1", inner), Wire6.Ip("fd00:77::9"));

        Assert.Equal((2, Wire6.Ip("fd00:78::1"), Wire6.Mac), (request.Relays.Count, request.LinkAddress, request.Mac!.Value));
    }

    [Theory]
    [InlineData(2, "not-a-request")]
    [InlineData(7, "not-a-request")]
    [InlineData(10, "not-a-request")]
    [InlineData(99, "not-a-request")]
    [InlineData(1, "no-client-id")]
    public void What_is_no_request_is_refused_with_a_word(int type, string word)
    {
        Assert.False(Dhcp6Request.TryFrom(Wire6.Message((Dhcp6MessageType)type), 0, out _, out var refusal));
        Assert.Equal(word, refusal);
    }

    [Fact]
    public void Relays_without_an_end_are_refused()
    {
        var message = Wire6.Firmware(Dhcp6MessageType.Solicit, 7);
        for (byte i = 0; i < 9; i++)
            message = Wire6.Relayed(i, "::", "fe80::1", message);
        Assert.False(Dhcp6Request.TryFrom(message, 0, out _, out var refusal));
        Assert.Equal("too-many-relays", refusal);
    }

    [Fact]
    public void Any_prefix_and_any_flipped_bit_is_rejected_or_readable()
    {
        var whole = Wire6.Relayed(0, "fd00:78::1", "fe80::1", Wire6.Firmware(Dhcp6MessageType.Request, 16,
            Wire6.Association(1, "fd00:77::100")), Wire6.Option(18, 7));
        for (var length = 0; length < whole.Length; length++)
            Assert.False(Dhcp6Request.TryFrom(whole.AsSpan(0, length), 0, out _, out var refusal) && refusal != "");
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var flipped = whole.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(Dhcp6Request.TryFrom(flipped, 0, out _, out var refusal), refusal != "");
        }
    }
}
