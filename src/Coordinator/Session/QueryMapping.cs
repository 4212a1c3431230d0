using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Primitives;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Coordinator.Session;

/// <summary>Queries as messages.</summary>
internal static class QueryMapping
{
    public static Query ToMessage(AgentQuery query, OrderCredentials credentials)
    {
        var message = new Query
        {
            QueryId = query.QueryId,
            Deadline = query.Deadline.ToTimestamp(),
            Traceparent = query.Traceparent,
            Node = query.Node,
            Address = query.Address,
            Talos = SessionMapping.ToMessage(credentials.Talos),
            Bmc = SessionMapping.ToMessage(credentials.Bmc),
            Credit = OpenQueries.Credit,
        };
        SetAsk(message, query.Ask);
        return message;
    }

    /// <summary>What an agent answers to <see cref="QueryAsk.DryRunConfig"/>.</summary>
    public static Configs.NodeWords Verdict(byte[] answer)
    {
        var verdict = NodeVerdict.Parser.ParseFrom(answer);
        return new(verdict.ModeDetails, verdict.Warnings.ToEquatableArray());
    }

    private static void SetAsk(Query message, QueryAsk ask)
    {
        switch (ask)
        {
            case QueryAsk.ReadConfig:
                message.ReadConfig = new();
                break;
            case QueryAsk.IdentifyNode:
                message.IdentifyNode = new();
                break;
            case QueryAsk.DryRunConfig dryRun:
                message.DryRunConfig = new() { Config = ByteString.CopyFromUtf8(dryRun.Config) };
                break;
            case QueryAsk.ReadLeases leases:
                message.ReadLeases = new() { Limit = leases.Limit, After = leases.After };
                break;
            case QueryAsk.EndLease lease:
                message.EndLease = new() { Address = lease.Address };
                break;
            case QueryAsk.SnapshotEtcd:
                message.SnapshotEtcd = new();
                break;
            case QueryAsk.ReadLogs logs:
                message.ReadLogs = new() { Service = logs.Service, TailLines = logs.TailLines, Follow = logs.Follow };
                break;
            case QueryAsk.ReadDmesg dmesg:
                message.ReadDmesg = new() { Follow = dmesg.Follow };
                break;
            case QueryAsk.ReadKernelLog kept:
                message.ReadKernelLog = new() { Macs = { kept.Macs } };
                break;
            case QueryAsk.ListServices:
                message.ListServices = new();
                break;
            case QueryAsk.CollectSupport:
                message.CollectSupport = new();
                break;
            case QueryAsk.ReadPower:
                message.ReadPower = new();
                break;
            default:
                throw new InvalidOperationException($"{ask.GetType().Name} has no message.");
        }
    }
}
