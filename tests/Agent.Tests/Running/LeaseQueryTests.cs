using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>What the coordinator asks about leases, answered by the agent's process.</summary>
public sealed class LeaseQueryTests
{
    [Fact]
    public async Task Leases_are_read_page_by_page_and_a_released_one_stays_released_after_a_restart()
    {
        await using var coordinator = new CoordinatorDouble();
        await coordinator.StartAsync();
        using var rack = new LoopbackAgent().Write(coordinator);
        string gone;
        await using (var agent = await rack.StartAsync())
        {
            for (var i = 1; i <= 3; i++)
                await rack.BootAsync(agent, $"52:54:00:00:00:0{i}");
            var session = await coordinator.SessionAsync();

            var first = await AskAsync(session, new() { ReadLeases = new() { Limit = 2 } });
            var second = await AskAsync(session, new() { ReadLeases = new() { Limit = 2, After = first.Leases[1].Address } });
            Assert.Equal((2, true, 1, false), (first.Leases.Count, first.More, second.Leases.Count, second.More));
            Assert.Equal(["52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"], first.Leases.Concat(second.Leases).Select(l => l.Mac).Order());

            gone = first.Leases[0].Address;
            Assert.Equal(first.Leases[0], Assert.Single((await AskAsync(session, new() { EndLease = new() { Address = gone } })).Leases));
            var again = await Assert.ThrowsAsync<RpcException>(() => AskAsync(session, new() { EndLease = new() { Address = gone } }));
            Assert.Equal((StatusCode.NotFound, $"nobody has {gone}, and it does not rest either."), (again.StatusCode, again.Status.Detail));
            await agent.KillAsync();
        }

        await using var restarted = await rack.StartAsync();
        var kept = (await AskAsync(await coordinator.SessionAsync(), new() { ReadLeases = new() { Limit = 1000 } })).Leases;
        Assert.Equal(2, kept.Count);
        Assert.DoesNotContain(kept, l => l.Address == gone);
    }

    [Fact]
    public async Task Leases_of_ipv6_stand_behind_those_of_ipv4_and_end_in_the_same_way()
    {
        await using var coordinator = new CoordinatorDouble();
        await coordinator.StartAsync();
        using var rack = new LoopbackAgent().Write(coordinator, more: """
            dhcp6:
              address: '::1'
              port: 0
              subnets: [{network: 'fd00:77::/64', ranges: ['fd00:77::100-fd00:77::1ff']}]
              reservations: [{duid: '00:02:00:00:ab:11:03', address: 'fd00:77::5', hostname: head}]
            """);
        await using var agent = await rack.StartAsync();
        await rack.BootAsync(agent, "52:54:00:00:00:01");
        await LeaseAsync(agent, [0, 3, 0, 1, 0x52, 0x54, 0, 0, 0, 1]);
        await LeaseAsync(agent, [0, 2, 0, 0, 0xab, 0x11, 3]);
        var session = await coordinator.SessionAsync();

        var first = await AskAsync(session, new() { ReadLeases = new() { Limit = 2 } });
        var second = await AskAsync(session, new() { ReadLeases = new() { Limit = 2, After = first.Leases[1].Address } });

        Assert.Equal((2, true, 1, false), (first.Leases.Count, first.More, second.Leases.Count, second.More));
        Assert.Equal(["52:54:00:00:00:01", "", "52:54:00:00:00:01"], first.Leases.Concat(second.Leases).Select(l => l.Mac));
        Assert.Equal(("fd00:77::5", "head", "00:02:00:00:ab:11:03", 7u),
            (first.Leases[1].Address, first.Leases[1].Hostname, first.Leases[1].Duid, first.Leases[1].Association));
        Assert.Equal("00:03:00:01:52:54:00:00:00:01", second.Leases[0].Duid);
        Assert.Equal(first.Leases[1],
            Assert.Single((await AskAsync(session, new() { EndLease = new() { Address = "fd00:77::5" } })).Leases));
        var again = await Assert.ThrowsAsync<RpcException>(() => AskAsync(session, new() { EndLease = new() { Address = "fd00:77::5" } }));
        Assert.Equal(StatusCode.NotFound, again.StatusCode);
        Assert.Equal(2, (await AskAsync(session, new() { ReadLeases = new() { Limit = 9 } })).Leases.Count);
    }

    // SOLICIT with rapid commit, and one association with the number 7.
    private static async Task LeaseAsync(AgentProcess agent, byte[] duid)
    {
        var port = int.Parse(Regex.Match(agent.Output, @"DHCPv6 on ::1 port (\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
        using var client = new UdpClient(AddressFamily.InterNetworkV6);
        await client.SendAsync((byte[])[1, 0, 0, 1, 0, 1, 0, (byte)duid.Length, .. duid, 0, 3, 0, 12, 0, 0, 0, 7,
            .. new byte[8], 0, 14, 0, 0],
            new IPEndPoint(IPAddress.IPv6Loopback, port), TestContext.Current.CancellationToken);
        var reply = await client.ReceiveAsync(TestContext.Current.CancellationToken);
        Assert.Equal(7, reply.Buffer[0]);
    }

    private static async Task<LeasePage> AskAsync(CoordinatorDouble.Session session, Query query)
    {
        (query.QueryId, query.Credit) = (Guid.NewGuid().ToString(), 16);
        query.Deadline = TimeProvider.System.GetUtcNow().AddMinutes(1).ToTimestamp();
        await session.SendAsync(new() { Query = query });
        using var page = new MemoryStream();
        await foreach (var answer in session.Answers.Reader.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            Assert.Equal(query.QueryId, answer.QueryId);
            if (answer.End is { Code: not 0 } refusal)
                throw new RpcException(new((StatusCode)refusal.Code, refusal.Message));
            if (answer.End is not null)
                break;
            page.Write(answer.Data.Span);
        }
        return LeasePage.Parser.ParseFrom(page.ToArray());
    }
}
