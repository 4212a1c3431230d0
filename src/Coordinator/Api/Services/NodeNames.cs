using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>What people call a node: its name, a unique beginning of it, a MAC address, or its hostname.</summary>
internal sealed class NodeNames(IRecordStore store)
{
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND, or INVALID_ARGUMENT when several nodes fit.</exception>
    public async Task<string> ResolveAsync(string given, CancellationToken cancellationToken)
    {
        if (given == "")
            throw Problems.Of("name", "must be set");
        if (await store.ReadAsync(RecordKind.Nodes, given, cancellationToken) is not null)
            return given;
        var fits = new List<string>();
        await foreach (var rows in store.BatchesAsync(RecordKind.Nodes, "", cancellationToken))
        {
            fits.AddRange(rows.Select(row => RecordJson.Read<NodeRecord>(row.Data))
                .Where(node => Fits(node, given)).Select(node => node.Metadata.Name));
        }
        return fits switch
        {
            [var one] => one,
            [] => throw Refusals.NotFound("node", given),
            _ => throw new Refusal(RefusalKind.InvalidArgument,
                $"'{given}' fits {fits.Count} nodes, among them {string.Join(", ", fits.Take(3))}; give more of the name.", "name").ToRpc(),
        };
    }

    private static bool Fits(NodeRecord node, string given) =>
        node.Metadata.Name.StartsWith(given, StringComparison.OrdinalIgnoreCase)
        || (MacAddress.TryParse(given, out var mac) && node.Macs.Contains(mac.ToString()))
        || string.Equals(node.Allocation?.Hostname, given, StringComparison.OrdinalIgnoreCase)
        || string.Equals(node.Spec.Hostname, given, StringComparison.OrdinalIgnoreCase);
}
