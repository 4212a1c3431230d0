using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests;

public sealed class ArpClaimsTests
{
    private static readonly MacAddress Router = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly MacAddress Host = MacAddress.Parse("02:00:00:00:00:02");

    private readonly ArpClaims claims = new();

    [Fact]
    public void A_router_that_answers_for_every_address_is_believed_no_more()
    {
        var believed = Enumerable.Range(0, 100).Count(i => claims.IsBelieved(Router, (uint)i, out _));

        Assert.Equal(ArpClaims.MostOfOneCard, believed);
        Assert.True(claims.IsBelieved(Host, 1, out _));
        Assert.True(claims.IsBelieved(Router, 0, out _)); // What it said before may be true.
    }

    [Fact]
    public void That_a_card_is_believed_no_more_is_told_once()
    {
        var last = Enumerable.Range(0, 100).Where(i => claims.IsBelieved(Router, (uint)i, out var isLast) && isLast);

        Assert.Equal([ArpClaims.MostOfOneCard - 1], last);
    }

    [Fact]
    public void The_same_address_counts_once() =>
        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(claims.IsBelieved(Host, 7, out var isLast) && !isLast));
}
