namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>ProxyDHCP beside somebody else's server (netboot.md 4.3 and 8).</summary>
public sealed class ProxyDhcpTests
{
    private static readonly uint Server = Wire.Ip("10.1.0.1");

    [Theory]
    [InlineData((ushort)0)]
    [InlineData((ushort)7)]
    public void A_discover_of_firmware_gets_the_file_and_no_address(ushort architecture)
    {
        var discover = Wire.Firmware(1, architecture);

        var reply = new ReplyView(ProxyDhcp.Answer(Wire.Request(discover), Rack.Loader, Server, false).Reply!, Wire.Request(discover));

        Assert.Equal([2], reply[53]!);
        Assert.Equal(Wire.Bytes("10.1.0.1"), reply[54]);
        Assert.Equal(("0.0.0.0", "10.1.0.1"), (reply.AddressAt(16), reply.AddressAt(20)));
        Assert.Equal(("PXEClient", "b/abc/undionly.kpxe"), (reply.TextOf(60), reply.TextOf(67)));
        Assert.Equal([6, 1, 8, 255], reply[43]!);
        Assert.Equal(Wire.MachineId, reply[97]);
        Assert.Null(reply[51]);
    }

    [Theory]
    [InlineData("plain discover", "not-a-boot-client")]
    [InlineData("plain request", "not-a-boot-client")]
    [InlineData("firmware request on 67", "not-for-a-proxy")]
    [InlineData("firmware inform on 67", "not-for-a-proxy")]
    [InlineData("firmware discover on 4011", "not-for-a-proxy")]
    [InlineData("nothing to boot", "nothing-to-boot")]
    public void Everybody_else_meets_silence(string what, string reason)
    {
        var datagram = what switch
        {
            "plain discover" => Wire.Plain(1),
            "plain request" => Wire.Plain(3),
            "firmware request on 67" => Wire.Firmware(3, 0),
            "firmware inform on 67" => Wire.Firmware(8, 0),
            _ => Wire.Firmware(1, 0),
        };
        var answer = ProxyDhcp.Answer(
            Wire.Request(datagram), what == "nothing to boot" ? null : Rack.Loader, Server, what.EndsWith("4011", StringComparison.Ordinal));

        Assert.Equal((null, reason), (answer.Reply, answer.Reason));
    }

    [Theory]
    [InlineData((byte)3)] // EDK2, iPXE
    [InlineData((byte)8)] // old ROMs
    public void Port_4011_acknowledges_with_the_file_and_returns_the_menu_item(byte type)
    {
        var request = Wire.Firmware(type, 7, new(Ciaddr: "10.1.0.50"), (43, [71, 4, 0, 0, 0, 0, 255]));

        var reply = new ReplyView(ProxyDhcp.Answer(Wire.Request(request), Rack.Loader, Server, true).Reply!, Wire.Request(request));

        Assert.Equal([5], reply[53]!);
        Assert.Equal(("10.1.0.50", "0.0.0.0"), (reply.AddressAt(12), reply.AddressAt(16)));
        Assert.Equal([6, 1, 8, 71, 4, 0, 0, 0, 0, 255], reply[43]!);
        Assert.Equal("b/abc/undionly.kpxe", reply.File);
    }
}
