using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>A DHCP packet through everything that the agent does with it, but the sockets.</summary>
internal sealed class DhcpTarget : IFuzzTarget
{
    private static readonly uint Address = Ipv4.ToNumber(IPAddress.Parse("10.9.0.1"));
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddYears(50);

    private readonly LeaseTable leases;
    private readonly DhcpServer server;
    private readonly BootReply boot = new(Address, "b/abcdefgh/undionly.kpxe");
    private readonly byte[] written = new byte[1500];

    private readonly DesiredState desired = new()
    {
        UnknownAction = BootAction.Disk,
        Nodes = { new NodeBoot { Node = "n1", Uuid = "11111111-2222-4333-8444-525400000001", Macs = { "52:54:00:00:00:01" }, Action = BootAction.Hold } },
    };

    private long turns;

    public DhcpTarget()
    {
        var network = new DhcpNetwork(Address & 0xffffff00, 24, TimeSpan.FromHours(1));
        var options = OptionSet.Of(
        [
            new(DhcpOption.Routers, OptionFormat.Addresses([Address])), new(DhcpOption.DnsServers, OptionFormat.Addresses([Address])),
            new(DhcpOption.DomainSearch, OptionFormat.Names(["rack.example"])),
        ]);
        leases = new([new(network, [(Address + 9, Address + 99)], Address) { Options = options }], []);
        server = new(leases, authoritative: true);
    }

    public string Name => "dhcp";

    public IReadOnlyList<byte[]> Samples { get; } = [.. Messages().Select(Bytes)];

    public void Run(byte[] input)
    {
        if (!DhcpPacket.TryWrap(input, out var packet, out var refusal) || !DhcpRequest.TryFrom(packet, out var request, out refusal))
        {
            FuzzFailure.Unless(refusal is { Length: > 0 }, "a packet was refused without a reason");
            return;
        }
        var now = Start.AddSeconds(++turns / 100); // Leases run out now and then.
        var plan = BootDecision.For(desired, request.Mac, request.Uuid);
        FuzzFailure.Unless(plan.Action is BootAction.Disk or BootAction.Hold, $"a stranger's packet decided {plan.Action}");
        foreach (var answer in new[]
        {
            server.Answer(request, boot, plan.HostName, now), server.Answer(request, null, "", now),
            ProxyDhcp.Answer(request, boot, Address, false), ProxyDhcp.Answer(request, boot, Address, true),
        })
        {
            if (answer.Reply is not { } reply)
                continue;
            var length = reply.Write(request, written);
            FuzzFailure.Unless(length is >= 300 and <= 1500, $"an answer has {length} bytes");
            FuzzFailure.Unless(DhcpServerMessage.Read(written.AsSpan(0, length)) is not null, "an answer cannot be read");
            ReplyDestination.Choose(request, reply, new(IPAddress.Loopback, 68), bootService: false);
        }
        FuzzFailure.Unless(leases.Count <= 91, $"91 addresses have {leases.Count} leases");
    }

    private static IEnumerable<DhcpClientMessage> Messages() =>
        from type in Enum.GetValues<DhcpMessageType>()
        from architecture in new ushort?[] { null, 0, 7, 11, 16 }
        from ipxe in new[] { false, true }
        from relay in new[] { null, IPAddress.Parse("10.9.0.2") }
        select new DhcpClientMessage(type, MacAddress.Parse("52:54:00:00:00:01"), 7)
        {
            RequestedAddress = Address + 20, ServerIdentifier = Address, Architecture = architecture, IsIpxe = ipxe, Relay = relay,
            Uuid = MachineUuid.TryParse("11111111-2222-4333-8444-525400000001", out var uuid) ? uuid : null,
        };

    private static byte[] Bytes(DhcpClientMessage message)
    {
        var buffer = new byte[600];
        return buffer[..message.Write(buffer)];
    }
}
