using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests.V6;

public sealed class RouterDiscoveryTests
{
    private static readonly byte[] Solicitation = [133, 0, 0x12, 0x34, 0, 0, 0, 0, 1, 1, 0x52, 0x54, 0, 0xb0, 0, 1];

    [Fact]
    public void A_solicitation_names_the_card_that_asks()
    {
        Assert.True(RouterDiscovery.TryReadSolicitation(Solicitation, out var card));
        Assert.Equal(MacAddress.Parse("52:54:00:b0:00:01"), card);
    }

    [Fact]
    public void The_card_is_found_behind_another_option()
    {
        byte[] message = [.. Solicitation[..8], 14, 2, .. new byte[14], .. Solicitation[8..]];
        Assert.True(RouterDiscovery.TryReadSolicitation(message, out var card));
        Assert.Equal(MacAddress.Parse("52:54:00:b0:00:01"), card);
    }

    /// <summary>No card, another type, another code, an option of no length, one that runs out of the message.</summary>
    public static TheoryData<byte[]> Others =>
        new(Solicitation[..8], [135, .. Solicitation[1..]], [133, 1, .. Solicitation[2..]], [.. Solicitation[..8], 9, 0, .. new byte[6], .. Solicitation[8..]],
            [.. Solicitation[..8], 9, 3, .. new byte[6]]);

    [Theory]
    [MemberData(nameof(Others))]
    public void Everything_else_is_no_question_of_a_card(byte[] message) => Assert.False(RouterDiscovery.TryReadSolicitation(message, out _));

    [Fact]
    public void Any_prefix_and_any_flipped_bit_is_read_without_harm()
    {
        for (var length = 0; length < Solicitation.Length; length++)
            Assert.False(RouterDiscovery.TryReadSolicitation(Solicitation.AsSpan(0, length), out _));
        for (var bit = 0; bit < Solicitation.Length * 8; bit++)
        {
            var flipped = Solicitation.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(bit >= 8 * 10 || bit / 8 is >= 2 and < 8, RouterDiscovery.TryReadSolicitation(flipped, out _));
        }
    }

    [Fact]
    public void A_router_is_known_by_its_lifetime_and_our_own_word_has_none()
    {
        byte[] router = [134, 0, 0, 0, 64, 0, 0x07, 0x08, .. new byte[8]];
        Assert.Equal(TimeSpan.FromSeconds(1800), RouterDiscovery.RouterLifetime(router));
        Assert.Equal(TimeSpan.Zero, RouterDiscovery.RouterLifetime(router.AsSpan(0, 15)));
        Assert.Equal(TimeSpan.Zero, RouterDiscovery.RouterLifetime(Solicitation));
        Assert.Equal(TimeSpan.Zero, RouterDiscovery.RouterLifetime(RouterDiscovery.NoRouterHere()));
    }

    [Theory]
    [InlineData(false, "80")]
    [InlineData(true, "c0")]
    public void An_advertisement_says_ask_by_dhcp_this_is_your_prefix_and_that_there_is_no_router(bool autonomous, string flags)
    {
        var subnet = new Dhcp6Subnet(Wire6.Ip("fd00:77::"), 64, [], TimeSpan.FromHours(1));

        Assert.Equal(
            "86000000" + "40c00000" + "0000000000000000" // Type, hop limit 64, M and O, lifetime 0.
            + "030440" + flags + "00000e1000000e1000000000" + "fd000077000000000000000000000000",
            Convert.ToHexStringLower(RouterDiscovery.AskByDhcp(subnet, autonomous)));
        Assert.Equal(TimeSpan.Zero, RouterDiscovery.RouterLifetime(RouterDiscovery.AskByDhcp(subnet, autonomous)));
    }
}
