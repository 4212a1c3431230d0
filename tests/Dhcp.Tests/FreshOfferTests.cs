namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>Which offers are of an address that somebody else may use without a lease.</summary>
public sealed class FreshOfferTests
{
    private static readonly byte[] Discover = Wire.Plain(1);

    [Fact]
    public void The_first_offer_is_fresh_and_its_repetition_is_not()
    {
        var rack = new Rack();

        Assert.True(rack.Ask(Discover).IsFresh);
        Assert.False(rack.Ask(Discover).IsFresh);
    }

    [Fact]
    public void A_machine_that_has_the_address_is_not_asked_for()
    {
        var rack = new Rack();
        rack.Lease(Wire.Mac);

        Assert.False(rack.Ask(Discover).IsFresh);
    }

    [Fact]
    public void An_offer_or_a_lease_that_ended_may_be_somebody_elses_meanwhile()
    {
        var rack = new Rack();
        var offered = rack.Ask(Discover).Reply!.YourAddress;
        rack.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.True(rack.Ask(Discover) is { IsFresh: true, Reply: { } again } && again.YourAddress == offered);

        rack.Lease(Wire.Mac);
        rack.Clock.Advance(TimeSpan.FromHours(2));
        Assert.True(rack.Ask(Discover).IsFresh);
    }

    [Fact]
    public void A_reserved_address_is_its_machines_by_an_operators_word()
    {
        var rack = new Rack(reservations: new Reservation<uint>(Wire.Mac, Wire.Ip("10.1.0.7")));

        Assert.False(rack.Ask(Discover).IsFresh);
    }

    [Fact]
    public void After_a_conflict_another_address_is_offered_and_is_fresh_too()
    {
        var rack = new Rack();
        var first = rack.Ask(Discover).Reply!.YourAddress;

        rack.Leases.Restore(LeaseTable.Decline(first, Wire.Mac, rack.Clock.GetUtcNow()));

        var second = rack.Ask(Discover);
        Assert.True(second.IsFresh);
        Assert.NotEqual(first, second.Reply!.YourAddress);
    }
}
