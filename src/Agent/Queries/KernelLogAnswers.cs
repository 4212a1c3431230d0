using System.Globalization;
using System.Text;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Observe.Hints;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Queries;

/// <summary>What was kept of a node's kernel log. The node is not asked: it may be dead.</summary>
internal sealed class KernelLogAnswers(AgentConfig config, KernelLogs logs, TimeProvider clock)
{
    private readonly DateTimeOffset started = clock.GetUtcNow();

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string node, ReadKernelLog ask)
    {
        await Task.CompletedTask;
        if (config.KernelLogPort is null)
        {
            throw new RpcException(new(StatusCode.FailedPrecondition,
                $"the agent of rack {config.Rack} takes no kernel logs: kernelLog.enabled is false."));
        }
        var lines = Keys(node, ask).SelectMany(key => logs.Read(key, 0, KernelLogs.LinesPerMachine))
            .OrderBy(line => line.Received).ToList();
        if (lines.Count == 0)
        {
            var since = string.Create(CultureInfo.InvariantCulture, $"{started:yyyy-MM-dd HH:mm:ss} UTC");
            throw new RpcException(new(StatusCode.NotFound,
                $"the agent of rack {config.Rack}, which runs since {since}, has no line of node {node}'s kernel."));
        }
        yield return Encoding.UTF8.GetBytes(string.Concat(lines.Select(Text)));
    }

    // A machine that was given its address by us is known by its card, another one by its name.
    private static IEnumerable<string> Keys(string node, ReadKernelLog ask) => ask.Macs
        .Select(text => MacAddress.TryParse(text, out var mac) ? mac.ToString() : "").Append(node).Where(key => key != "").Distinct();

    // As the node itself would show it, but for the priority, which it sends as one of four words.
    private static string Text(KernelLine line) => string.Create(CultureInfo.InvariantCulture,
        $"{line.Facility}: {line.Level,7}: [{line.Time ?? line.Received:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}]: {line.Text}\n");
}
