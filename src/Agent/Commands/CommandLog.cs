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
    private const byte Begun = 1;
    private const byte Ended = 2;

    private readonly AppendLog log;
    private readonly Dictionary<string, CommandResult?> operations = [];
    private readonly Dictionary<string, ulong> fences = [];
    private readonly Lock gate = new(); // Commands end on different threads.

    private CommandLog(AppendLog log) => this.log = log;

    /// <param name="keep">How many of the newest records stay; older operations are no longer asked for.</param>
    public static async Task<CommandLog> OpenAsync(string directory, int keep = 20_000)
    {
        var records = new List<byte[]>();
        var (log, _) = AppendLog.Open(Path.Combine(directory, "commands.log"), records.Add);
        var commands = new CommandLog(log);
        if (records.Count > 2 * keep)
        {
            foreach (var record in records)
                commands.Restore(record);
            // The fences are kept for ever: an order of an old lease stays refused.
            records = [.. commands.fences.Select(f => Fence(f.Key, f.Value)), .. records.TakeLast(keep)];
            commands.operations.Clear();
            await log.ReplaceAsync(records);
        }
        foreach (var record in records)
            commands.Restore(record);
        return commands;
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

    public async Task BeginAsync(Command command)
    {
        var begun = new Command
        {
            OperationId = command.OperationId, Owner = command.Owner, Cluster = command.Cluster, FencingNumber = command.FencingNumber,
        };
        await log.AppendAsync((byte[])[Begun, .. begun.ToByteArray()]);
        lock (gate)
        {
            operations[command.OperationId] = null;
            fences[command.Cluster] = Math.Max(fences.GetValueOrDefault(command.Cluster), command.FencingNumber);
        }
    }

    public async Task EndAsync(CommandResult result)
    {
        await log.AppendAsync((byte[])[Ended, .. result.ToByteArray()]);
        lock (gate)
            operations[result.OperationId] = result;
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();

    private static byte[] Fence(string cluster, ulong number) =>
        [Begun, .. new Command { Cluster = cluster, FencingNumber = number }.ToByteArray()];

    private void Restore(byte[] record)
    {
        if (record[0] == Begun)
        {
            var begun = Command.Parser.ParseFrom(record.AsSpan(1));
            if (begun.OperationId != "")
                operations[begun.OperationId] = null;
            fences[begun.Cluster] = Math.Max(fences.GetValueOrDefault(begun.Cluster), begun.FencingNumber);
            return;
        }
        var result = CommandResult.Parser.ParseFrom(record.AsSpan(1));
        operations[result.OperationId] = result;
    }
}
