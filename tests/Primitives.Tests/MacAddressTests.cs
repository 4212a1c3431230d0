using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Primitives.Tests;

public sealed class MacAddressTests
{
    [Theory]
    [InlineData("52:54:00:12:ab:cd")]
    [InlineData("52-54-00-12-AB-CD")]
    [InlineData("5254.0012.abcd")]
    [InlineData("52540012ABCD")]
    public void Every_notation_reads_as_the_same_address(string text) =>
        Assert.Equal("52:54:00:12:ab:cd", MacAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("52:54:00:12:ab")]
    [InlineData("52:54:00:12:ab:cd:ef")]
    [InlineData("52:54:00:12:ab:cg")]
    [InlineData("52 54 00 12 ab cd")]
    public void Anything_else_is_refused(string text) => Assert.False(MacAddress.TryParse(text, out _));

    [Fact]
    public void Bytes_survive_a_round_trip()
    {
        byte[] bytes = [0x52, 0x54, 0, 0x12, 0xab, 0xcd];
        var written = new byte[6];
        MacAddress.FromBytes(bytes).WriteTo(written);
        Assert.Equal(bytes, written);
    }

    [Fact]
    public void Five_bytes_are_not_an_address() =>
        Assert.Throws<ArgumentException>(() => MacAddress.FromBytes([1, 2, 3, 4, 5]));

    [Fact]
    public void Order_is_that_of_the_bytes() =>
        Assert.True(MacAddress.Parse("00:00:00:00:01:00") > MacAddress.Parse("00:00:00:00:00:ff"));

    [Fact]
    public void The_group_bit_marks_multicast()
    {
        Assert.True(MacAddress.Parse("ff:ff:ff:ff:ff:ff").IsMulticast);
        Assert.False(MacAddress.Parse("52:54:00:00:00:01").IsMulticast);
    }

    [Fact]
    public void The_dashed_form_is_the_one_of_ipxe() =>
        Assert.Equal("52-54-00-12-ab-cd", MacAddress.Parse("52:54:00:12:ab:cd").Format('-'));
}
