using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests;

public sealed class DhcpRequestTests
{
    private static readonly MachineUuid Uuid =
        MachineUuid.TryParse("4c4c4544-0042-3510-8054-b4c04f4b5a32", out var uuid) ? uuid : throw new InvalidOperationException();

    [Theory]
    [InlineData(0, ClientFirmware.Bios)]
    [InlineData(7, ClientFirmware.UefiX64)]
    [InlineData(9, ClientFirmware.UefiX64)]
    [InlineData(16, ClientFirmware.UefiX64)]
    [InlineData(11, ClientFirmware.UefiArm64)]
    [InlineData(6, ClientFirmware.None)]
    [InlineData(0xffff, ClientFirmware.None)]
    public void Architecture_names_the_firmware(int architecture, ClientFirmware expected)
    {
        var request = Asked.Read(new(DhcpMessageType.Discover, Asked.Mac, 1) { Architecture = (ushort)architecture, Uuid = Uuid });
        Assert.Equal((expected, "PXEClient", true, false), (request.Firmware, request.BootClass, request.WantsBoot, request.IsIpxe));
        Assert.Equal(Uuid, request.Uuid);
    }

    [Fact]
    public void Second_lap_is_known_as_iPXE()
    {
        var request = Asked.Read(new(DhcpMessageType.Discover, Asked.Mac, 1) { Architecture = 7, IsIpxe = true });
        Assert.True(request.IsIpxe);
    }

    [Fact]
    public void Plain_client_wants_no_boot()
    {
        var request = Asked.Read(new(DhcpMessageType.Request, Asked.Mac, 1)
        {
            RequestedAddress = Asked.Number("10.1.0.100"), ServerIdentifier = Asked.Server,
        });
        Assert.False(request.WantsBoot);
        Assert.Equal(("10.1.0.100", Asked.Server), (Asked.Text(request.RequestedAddress), request.ServerIdentifier));
        Assert.Equal(0x05c0 - 28, request.MaximumSize);
    }

    [Fact]
    public void Relay_names_the_subnet_and_asks_for_its_own_port()
    {
        var request = Asked.Read(new(DhcpMessageType.Discover, Asked.Mac, 1) { Relay = IPAddress.Parse("10.1.0.253") });
        Assert.Equal((Asked.Number("10.1.0.253"), Asked.Number("10.1.0.253"), true),
            (request.RelayAddress, request.SubnetAddress, request.RelaySourcePort));
        Assert.Equal([19, 0], request.RelayAgentInformation!);
    }

    [Fact]
    public void Server_replies_and_messages_without_a_type_are_refused()
    {
        var bytes = Asked.Bytes(new(DhcpMessageType.Discover, Asked.Mac, 1));
        Assert.Equal("", Refusal(bytes));
        Assert.Equal("not-a-request", Refusal([2, .. bytes[1..]]));
        Assert.Equal("no-message-type", Refusal([.. bytes[..240], 255]));
        Assert.Equal("unknown-op", Refusal([3, .. bytes[1..]]));
        Assert.Equal("not-ethernet", Refusal([1, 32, .. bytes[2..]]));
        Assert.Equal("too-many-hops", Refusal([1, 1, 6, 17, .. bytes[4..]]));
        Assert.Equal("no-dhcp-cookie", Refusal([.. bytes[..236], 0, .. bytes[237..]]));
        Assert.Equal("truncated", Refusal(bytes[..239]));
        Assert.Equal("truncated", Refusal([]));
    }

    [Fact]
    public void Relays_information_in_pieces_that_can_not_go_back_is_refused()
    {
        byte[] piece = [82, 200, .. new byte[200]];
        byte[] bytes = [.. Asked.Bytes(new(DhcpMessageType.Discover, Asked.Mac, 1))[..243], .. piece, .. piece, 255];
        Assert.Equal("relay-information-too-long", Refusal(bytes));
    }

    [Fact]
    public void Every_prefix_is_refused_or_answered()
    {
        var bytes = Whole();
        for (var length = 0; length <= bytes.Length; length++)
            AnswerAnything(bytes[..length]);
    }

    [Fact]
    public void Every_flipped_bit_is_refused_or_answered()
    {
        var bytes = Whole();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            AnswerAnything(flipped);
        }
    }

    private static byte[] Whole() => Asked.Bytes(new(DhcpMessageType.Discover, Asked.Mac, 1)
    {
        Architecture = 7, IsIpxe = true, Uuid = Uuid, Relay = IPAddress.Parse("10.1.0.253"), RequestedAddress = Asked.Number("10.1.0.101"),
    });

    private static string Refusal(byte[] datagram) =>
        DhcpPacket.TryWrap(datagram, out var packet, out var refusal) && DhcpRequest.TryFrom(packet, out _, out refusal) ? "" : refusal;

    // Whatever comes in: a reason to refuse it, or an answer that is a whole datagram of the same conversation.
    private static void AnswerAnything(byte[] datagram)
    {
        if (!DhcpPacket.TryWrap(datagram, out var packet, out var refusal) || !DhcpRequest.TryFrom(packet, out var request, out refusal))
        {
            Assert.NotEqual("", refusal);
            return;
        }
        var answer = new DhcpServer(new([Asked.Subnet()], []), authoritative: true).Answer(request, Asked.Boot, "", Asked.Noon);
        Assert.True(answer.Reply is not null || answer.Reason != "");
        if (answer.Reply is not null)
            Assert.Equal(request.TransactionId, Asked.Written(answer.Reply, request).TransactionId);
    }
}
