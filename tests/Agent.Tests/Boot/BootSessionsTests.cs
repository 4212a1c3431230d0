using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class BootSessionsTests
{
    private static readonly MacAddress Mac = MacAddress.Parse("52:54:00:00:00:01");
    private static readonly MacAddress Other = MacAddress.Parse("52:54:00:00:00:02");
    private static readonly IPAddress Address = IPAddress.Parse("10.1.0.5");

    private readonly FakeTimeProvider clock = new();
    private readonly BootSessions sessions;

    public BootSessionsTests() => sessions = new(clock);

    [Fact]
    public void A_power_on_is_one_session_from_firmware_to_ipxe_and_the_next_power_on_another()
    {
        var first = sessions.For(Ask(Mac), "");
        Assert.Same(first, sessions.For(Ask(Mac), ""));
        Assert.Same(first, sessions.For(Ask(Mac, ipxe: true), ""));

        var second = sessions.For(Ask(Mac), "");

        Assert.NotSame(first, second);
        Assert.Same(first, sessions.Find(first.Id));
        Assert.Same(second, sessions.Find(Mac));
    }

    [Fact]
    public void A_firmware_that_was_sent_on_to_its_disk_asks_in_another_session()
    {
        var first = sessions.For(Ask(Mac), "");
        first.IsPastFirmware = true;

        Assert.NotSame(first, sessions.For(Ask(Mac), ""));
    }

    [Fact]
    public void A_machine_that_waits_keeps_its_session_and_a_silent_one_loses_it()
    {
        var (waiting, silent) = (sessions.For(Ask(Mac), ""), sessions.For(Ask(Other), ""));
        for (var minute = 0; minute < 60; minute += 10)
        {
            clock.Advance(TimeSpan.FromMinutes(10));
            Assert.NotNull(sessions.Find(waiting.Id));
        }

        sessions.For(Ask(MacAddress.Parse("52:54:00:00:00:03")), "");

        Assert.Same(waiting, sessions.Find(waiting.Id));
        Assert.Null(sessions.Find(silent.Id));
        Assert.Null(sessions.Find(Other));
    }

    [Fact]
    public void Invented_machines_do_not_fill_the_memory()
    {
        for (var i = 0; i < 20_000; i++)
            sessions.For(Ask(MacAddress.FromBytes([2, 0, 0, 0, (byte)(i >> 8), (byte)i])), "");

        Assert.InRange(sessions.Count, 1, 4096);
    }

    [Fact]
    public void A_boot_belongs_to_the_work_that_it_is_part_of_or_has_a_trace_of_its_own()
    {
        const string Work = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        var own = sessions.For(Ask(Mac), "");
        var other = sessions.For(Ask(Other), "not a trace");

        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$", own.Traceparent);
        Assert.NotEqual(own.Trace.TraceId, other.Trace.TraceId);
        Assert.NotEqual("", sessions.For(Ask(MacAddress.Parse("52:54:00:00:00:03")), Work).Traceparent);
    }

    [Fact]
    public void An_address_is_told_as_new_when_its_machine_did_not_have_it()
    {
        var told = new List<(IPAddress, bool)>();
        sessions.AddressGiven += (address, isNew) => told.Add((address, isNew));
        var elsewhere = IPAddress.Parse("10.1.0.6");
        Give(Mac, Address);
        Give(Mac, Address); // A renewal.
        Give(Mac, elsewhere);
        Give(Other, Address);
        clock.Advance(TimeSpan.FromHours(2));
        Give(Other, Address);

        Assert.Equal([(Address, true), (Address, false), (elsewhere, true), (Address, true), (Address, true)], told);

        void Give(MacAddress mac, IPAddress address) => sessions.SetAddress(mac, address, clock.GetUtcNow().AddHours(1));
    }

    [Fact]
    public void An_address_is_one_machines_and_only_while_its_lease_lasts()
    {
        sessions.SetAddress(Mac, Address, clock.GetUtcNow().AddHours(1));
        Assert.Equal(Address, sessions.AddressOf(Mac));

        sessions.SetAddress(Other, Address, clock.GetUtcNow().AddHours(1));

        Assert.Null(sessions.AddressOf(Mac));
        Assert.Equal([(Other, Address)], sessions.RecentAddresses(TimeSpan.FromMinutes(30)));
        clock.Advance(TimeSpan.FromMinutes(31));
        Assert.Empty(sessions.RecentAddresses(TimeSpan.FromMinutes(30)));
        Assert.Equal([(Other, Address)], sessions.RecentAddresses(TimeSpan.MaxValue));
        clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Null(sessions.AddressOf(Other));
    }

    private static DhcpRequest Ask(MacAddress mac, bool ipxe = false) =>
        new() { MessageType = DhcpMessageType.Discover, Mac = mac, IsIpxe = ipxe, BootClass = "PXEClient", Firmware = ClientFirmware.Bios };
}
