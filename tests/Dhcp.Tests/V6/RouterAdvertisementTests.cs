using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Dhcp.Tests.V6;

public sealed class RouterAdvertisementTests
{
    [Theory]
    [InlineData(false, "80")]
    [InlineData(true, "c0")]
    public void It_says_ask_by_dhcp_this_is_your_prefix_and_that_it_is_no_router(bool autonomous, string flags)
    {
        var subnet = new Dhcp6Subnet(Wire6.Ip("fd00:77::"), 64, [], TimeSpan.FromHours(1));

        Assert.Equal(
            "86000000" + "40c00000" + "0000000000000000" // Type, hop limit 64, M and O, lifetime 0.
            + "0101525400123456" + "030440" + flags + "00000e1000000e1000000000" + "fd000077000000000000000000000000",
            Convert.ToHexStringLower(RouterAdvertisement.Write(subnet, Wire6.Mac, autonomous)));
    }
}
