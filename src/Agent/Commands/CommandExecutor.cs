using System.Collections.Concurrent;
using Cozy.Fleet.Agent.Hosting;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Agent.Commands;

/// <summary>Does what a command says, against a node; the result says how it ended.</summary>
internal delegate Task<CommandResult> CarryOut(Command command, Action<string> progress, CancellationToken cancellation);

/// <summary>
/// Carries out commands: each operation id at most once, none with an old fencing number, one at a time for a node (design 3.3). A
/// repeat is answered from the record.
/// </summary>
internal sealed partial class CommandExecutor(
    CommandLog record, CarryOut carryOut, Journal journal, TimeProvider clock, ILogger<CommandExecutor> log)
{
    private static readonly TimeSpan LongestWork = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<string, byte> running = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> nodes = new();

    /// <summary>A command was carried out, and its result is in the journal: what is reported now, the coordinator reads behind it.</summary>
    public event Action<Command>? Ended;

    /// <summary>Takes a command; returns when it is refused, answered, or begun.</summary>
    public async Task TakeAsync(Command command)
    {
        if (running.ContainsKey(command.OperationId))
            return; // It is under way; the result comes when it ends.
        if (record.TryFind(command.OperationId, out var known))
        {
            // Begun before a restart and without a result: it may have taken effect, so it is not done again.
            await AnswerAsync(command, known ?? Result(command, CommandOutcome.Unknown, "the agent was restarted in the middle of it"), known is null);
            return;
        }
        if (!record.AllowsFence(command.Cluster, command.FencingNumber))
        {
            await journal.AppendAsync(new()
            {
                CommandResult = Result(command, CommandOutcome.Refused, $"fencing number {command.FencingNumber} is older than one seen before"),
            });
            return;
        }
        await record.BeginAsync(command);
        running[command.OperationId] = 0;
        _ = RunAsync(command);
    }

    private async Task RunAsync(Command command)
    {
        try
        {
            await Task.Yield(); // The session goes on at once.
            await RunInTurnAsync(command);
        }
        catch (IOException failure)
        {
            // The result could not be written down. The coordinator asks again and hears that the outcome is unknown.
            LogFailed(failure, command.OperationId);
        }
        finally
        {
            running.TryRemove(command.OperationId, out _);
        }
    }

    private async Task RunInTurnAsync(Command command)
    {
        using var span = Telemetry.Source.StartActivity($"agent {command.ActionCase}", System.Diagnostics.ActivityKind.Server,
            Telemetry.Context(command.Traceparent));
        span?.SetTag("operation.id", command.OperationId).SetTag("node.hostname", command.Hostname).SetTag("cluster", command.Cluster);
        LogBegun(command.OperationId, command.ActionCase, command.Address);
        var turn = nodes.GetOrAdd(command.Node != "" ? command.Node : command.Address, _ => new(1));
        await turn.WaitAsync();
        CommandResult result;
        try
        {
            result = await ExecuteAsync(command);
        }
        finally
        {
            turn.Release();
        }
        span?.SetTag("outcome", result.Outcome.ToString()).SetTag("message", result.Message);
        LogEnded(command.OperationId, result.Outcome, result.Message);
        await AnswerAsync(command, result, isNew: true);
    }

    private async Task<CommandResult> ExecuteAsync(Command command)
    {
        if (command.Deadline is null)
            return Result(command, CommandOutcome.Refused, "it has no deadline");
        var left = command.Deadline.ToDateTimeOffset() - clock.GetUtcNow();
        if (left <= TimeSpan.Zero)
            return Result(command, CommandOutcome.Refused, "its deadline is over");
        using var deadline = new CancellationTokenSource(left < LongestWork ? left : LongestWork, clock);
        try
        {
            // Even work that does not heed its token ends as a result: the next order for this node must have its turn.
            return await carryOut(command, Progress(command), deadline.Token).WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            return Result(command, CommandOutcome.Unknown, "its deadline came while it ran");
        }
        // A command is a boundary: whatever goes wrong in one ends as its result, and the session goes on.
        catch (Exception failure)
        {
            LogFailed(failure, command.OperationId);
            return Result(command, CommandOutcome.Unknown, failure.Message);
        }
    }

    private Action<string> Progress(Command command) => message => LogProgress(command.OperationId, message);

    private async Task AnswerAsync(Command command, CommandResult result, bool isNew)
    {
        if (isNew)
            await record.EndAsync(result);
        await journal.AppendAsync(new() { CommandResult = result, Traceparent = command.Traceparent });
        if (isNew)
            Ended?.Invoke(command);
    }

    private CommandResult Result(Command command, CommandOutcome outcome, string message) => new()
    {
        OperationId = command.OperationId, Owner = command.Owner, Outcome = outcome, Message = message,
        FinishTime = clock.GetUtcNow().ToTimestamp(),
    };

    [LoggerMessage(LogLevel.Information, "{Operation}: {Action} on {Address}")]
    private partial void LogBegun(string operation, Command.ActionOneofCase action, string address);

    [LoggerMessage(LogLevel.Debug, "{Operation}: {Message}")]
    private partial void LogProgress(string operation, string message);

    [LoggerMessage(LogLevel.Information, "{Operation}: {Outcome} {Message}")]
    private partial void LogEnded(string operation, CommandOutcome outcome, string message);

    [LoggerMessage(LogLevel.Error, "{Operation} failed")]
    private partial void LogFailed(Exception failure, string operation);
}
