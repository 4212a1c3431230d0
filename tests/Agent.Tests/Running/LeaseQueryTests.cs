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
