using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Agent.Commands;

/// <summary>
/// Which operations were begun and how they ended, and the highest fencing number of each cluster; on disk before anything is done
/// (design 3.3). Credentials are never in it.
/// </summary>
internal sealed class CommandLog : IAsyncDisposable
{
    private readonly AppendLog log;
    private readonly Dictionary<string, CommandResult?> operations = [];
    private readonly Dictionary<string, ulong> fences = [];
    private readonly Lock gate = new(); // Commands end on different threads.

    private CommandLog(AppendLog log) => this.log = log;

    public static CommandLog Open(string directory)
    {
        var records = new List<byte[]>();
        var (log, _) = AppendLog.Open(Path.Combine(directory, "commands.log"), records.Add);
        var commands = new CommandLog(log);
        foreach (var record in records)
            commands.Restore(record);
        return commands;
    }

    /// <summary>Operations that were begun before a restart and have no result: their outcome is unknown.</summary>
    public IReadOnlyList<string> Unfinished
    {
        get
        {
            lock (gate)
                return [.. operations.Where(o => o.Value is null).Select(o => o.Key)];
        }
    }

    /// <summary>The recorded state of an operation.</summary>
    public bool TryFind(string operationId, out CommandResult? result)
    {
        lock (gate)
            return operations.TryGetValue(operationId, out result);
    }

    /// <summary>True when the number is not below the highest seen for the cluster; 0 is for work without a lease.</summary>
    public bool AllowsFence(string cluster, ulong number)
    {
        lock (gate)
            return number == 0 || number >= fences.GetValueOrDefault(cluster);
    }

    /// <summary>Stored first, then known: an order that could not be stored was never begun.</summary>
    public async Task BeginAsync(Command command)
    {
        var begun = new Command
        {
            OperationId = command.OperationId, Owner = command.Owner, Cluster = command.Cluster, FencingNumber = command.FencingNumber,
        };
        await log.AppendAsync((byte[])[1, .. begun.ToByteArray()]);
        lock (gate)
            Begun(begun);
    }

    public async Task EndAsync(CommandResult result)
    {
        await log.AppendAsync((byte[])[2, .. result.ToByteArray()]);
        lock (gate)
            operations[result.OperationId] = result;
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();

    private void Restore(byte[] record)
    {
        if (record[0] == 1)
        {
            Begun(Command.Parser.ParseFrom(record.AsSpan(1)));
            return;
        }
        var result = CommandResult.Parser.ParseFrom(record.AsSpan(1));
        operations[result.OperationId] = result;
    }

    private void Begun(Command begun)
    {
        operations[begun.OperationId] = null;
        fences[begun.Cluster] = Math.Max(fences.GetValueOrDefault(begun.Cluster), begun.FencingNumber);
    }
}
