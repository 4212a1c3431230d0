namespace Cozy.Fleet.Dhcp.Tests;

public sealed class DhcpReplyTests
{
    // An OFFER to OVMF, as it stands on the wire: header, boot file, cookie, options in their order, padding to 300 bytes.
    private const string Golden = """
        02010600 01020304 00008000 00000000 0a010064 0a010001 00000000 525400123456
        FILE 622f6162632f756e64696f6e6c792e6b707865
        63825363
        350102 36040a010001
        0104ffffff00 330400000e10 3a0400000708 3b0400000c4e
        4313622f6162632f756e64696f6e6c792e6b707865 00
        3c09505845436c69656e74 2b04060108ff
        611100443322116655887799aabbccddeeff00
        03040a0100fe 06040a010002 0f097261636b2e74657374
        ff
        """;

    [Fact]
    public void An_offer_has_exactly_these_bytes()
    {
        var request = Wire.Request(Wire.Firmware(1, 7));
        var answer = new Rack(ranges: "10.1.0.100-10.1.0.100").Ask(Wire.Firmware(1, 7), Rack.Loader);
        var buffer = new byte[1500];

        var length = answer.Reply!.Write(request, buffer);

        Assert.Equal(Expected(), Convert.ToHexStringLower(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void A_short_reply_is_padded_to_the_length_that_old_relays_want()
    {
        var request = Wire.Request(Wire.Plain(3));

        Assert.Equal(300, new DhcpReply(DhcpMessageType.Nak, 1) { Message = "no" }.Write(request, new byte[1500]));
    }

    [Fact]
    public void A_name_that_does_not_fit_the_header_stands_in_option_67_alone()
    {
        var request = Wire.Request(Wire.Firmware(1, 7));
        var reply = new ReplyView(new(DhcpMessageType.Offer, 1) { Boot = new(1, new string('x', 128)) }, request);

        Assert.Equal(("", new string('x', 128)), (reply.File, reply.TextOf(67)));
    }

    [Fact]
    public void A_client_that_claims_huge_datagrams_gets_one_that_fits_a_frame()
    {
        var request = Wire.Request(Wire.Packet(new(), (53, [1]), Wire.Text(60, "PXEClient"), (57, [0xff, 0x00])));
        var options = OptionSet.Of([.. new byte[] { 6, 15, 42 }.Select(code => new OptionValue(code, new byte[250]))]);
        var reply = new DhcpReply(DhcpMessageType.Offer, 1)
        {
            Network = new(0, 24, TimeSpan.FromHours(1)), Options = options, YourAddress = 1, HostName = new string('h', 250), Boot = new(1, new string('b', 250)),
        };

        Assert.InRange(reply.Write(request with { ClientIdentifier = new byte[255], MachineIdOption = new byte[255] }, new byte[1500]), 1300, 1472);
    }

    [Fact]
    public void What_a_simulated_machine_sends_and_reads_is_what_the_server_reads_and_sends()
    {
        var message = new DhcpClientMessage(DhcpMessageType.Discover, Wire.Mac, 7) { Architecture = 7, IsIpxe = true };
        var buffer = new byte[1500];
        var datagram = buffer[..message.Write(buffer)];

        var request = Wire.Request(datagram);
        var length = new Rack().Ask(datagram, Rack.Loader).Reply!.Write(request, buffer);
        var read = DhcpServerMessage.Read(buffer.AsSpan(0, length))!;

        Assert.True(request is { IsIpxe: true, Firmware: ClientFirmware.UefiX64, BootClass: "PXEClient" });
        Assert.Equal((DhcpMessageType.Offer, 7u, "b/abc/undionly.kpxe", true),
            (read.MessageType, read.TransactionId, read.BootFile, read.BootWithoutBootService));
    }

    private static string Expected()
    {
        var parts = Golden.Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings("\n").Split('\n');
        // The header's 236 bytes: up to chaddr, its padding, sname, and the file name at 108.
        var header = parts[0].PadRight(108 * 2, '0') + parts[1]["FILE".Length..].PadRight(128 * 2, '0');
        return (header + string.Concat(parts[2..])).PadRight(600, '0');
    }
}
