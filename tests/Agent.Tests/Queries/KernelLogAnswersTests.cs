using System.Text;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Observe.Hints;
using Cozy.Fleet.Agent.Queries;
using Cozy.Fleet.Contracts.V1;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Queries;

public sealed class KernelLogAnswersTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly AgentConfig Config = new() { Rack = "r1" };

    private readonly KernelLogs logs = new();
    private readonly FakeTimeProvider clock = new(Start);

    [Fact]
    public async Task The_lines_of_a_nodes_cards_and_of_its_name_are_one_log_in_the_order_of_their_arrival()
    {
        logs.Add("52:54:00:00:00:02", Line(3, "panic", level: "error"));
        logs.Add("52:54:00:00:00:01", Line(1, "up", time: Start.AddSeconds(-5)));
        logs.Add("n1", Line(2, "eth1"));
        logs.Add("52:54:00:00:00:09", Line(1, "somebody else"));

        Assert.Equal(
            """
            kern:    info: [2025-12-31T23:59:55.000000Z]: up
            kern:    info: [2026-01-01T00:00:02.000000Z]: eth1
            kern:   error: [2026-01-01T00:00:03.000000Z]: panic

            """, await ReadAsync(Config, "52:54:00:00:00:01", "52:54:00:00:00:02"));
    }

    [Fact]
    public async Task A_node_that_sent_nothing_has_none_and_an_agent_that_takes_none_says_that()
    {
        var none = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(Config, "52:54:00:00:00:01", "no card"));
        var off = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(Config with { KernelLogPort = null }));

        Assert.Equal((StatusCode.NotFound, "the agent of rack r1, which runs since 2026-01-01 00:00:00 UTC, has no line of node n1's kernel."),
            (none.StatusCode, none.Status.Detail));
        Assert.Equal((StatusCode.FailedPrecondition, "the agent of rack r1 takes no kernel logs: kernelLog.enabled is false."),
            (off.StatusCode, off.Status.Detail));
    }

    private static KernelLine Line(int second, string text, string level = "info", DateTimeOffset? time = null) =>
        new(0, Start.AddSeconds(second), time, level, "kern", text);

    private async Task<string> ReadAsync(AgentConfig config, params string[] macs)
    {
        var text = new StringBuilder();
        await foreach (var piece in new KernelLogAnswers(config, logs, clock).ReadAsync("n1", new ReadKernelLog { Macs = { macs } }))
            text.Append(Encoding.UTF8.GetString(piece.Span));
        return text.ToString();
    }
}
