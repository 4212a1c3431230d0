using System.Collections.Concurrent;
using Cozy.Fleet.Agent.Hosting;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Agent.Commands;

/// <summary>
/// Carries out commands: each operation id at most once, none with an old fencing number, one at a time for a node (design 3.3). A
/// repeat is answered from the record.
/// </summary>
internal sealed partial class CommandExecutor(
    CommandLog record, CommandActions actions, Journal journal, TimeProvider clock, ILogger<CommandExecutor> log)
{
    private readonly ConcurrentDictionary<string, byte> running = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> nodes = new();

    /// <summary>Takes a command; returns when it is refused, answered, or begun.</summary>
    /// <exception cref="IOException">The disk refused the record: nothing was done, and the coordinator sends it again.</exception>
    public async Task TakeAsync(Command command)
    {
        if (!running.TryAdd(command.OperationId, 0))
            return; // It is under way; the result comes when it ends.
        var begun = false;
        try
        {
            begun = await BeginAsync(command);
        }
        finally
        {
            if (!begun)
                running.TryRemove(command.OperationId, out _);
        }
        if (begun)
            _ = Task.Run(() => RunAsync(command));
    }

    private async Task<bool> BeginAsync(Command command)
    {
        if (record.TryFind(command.OperationId, out var known))
        {
            // Begun before a restart and without a result: it may have taken effect, so it is not done again.
            await AnswerAsync(command, known ?? Result(command, CommandOutcome.Unknown, "the agent was restarted in the middle of it"), known is null);
            return false;
        }
        if (Refusal(command) is { } refusal)
        {
            await journal.AppendAsync(new() { CommandResult = Result(command, CommandOutcome.Refused, refusal), Traceparent = command.Traceparent });
            return false;
        }
        await record.BeginAsync(command);
        return true;
    }

    private async Task RunAsync(Command command)
    {
        using var span = Telemetry.Source.StartActivity($"agent {command.ActionCase}", System.Diagnostics.ActivityKind.Server,
            Telemetry.Context(command.Traceparent));
        span?.SetTag("operation.id", command.OperationId).SetTag("node.hostname", command.Hostname).SetTag("cluster", command.Cluster);
        LogBegun(command.OperationId, command.ActionCase, command.Address);
        try
        {
            var result = await InTurnAsync(command);
            span?.SetTag("outcome", result.Outcome.ToString()).SetTag("message", result.Message);
            LogEnded(command.OperationId, result.Outcome, result.Message);
            await AnswerAsync(command, result, isNew: true);
        }
        catch (IOException failure)
        {
            // The result is not on disk. The coordinator asks again and is told that the outcome is unknown, which is true.
            LogFailed(failure, command.OperationId);
        }
        finally
        {
            running.TryRemove(command.OperationId, out _);
        }
    }

    private async Task<CommandResult> InTurnAsync(Command command)
    {
        var turn = nodes.GetOrAdd(command.Node, _ => new(1));
        await turn.WaitAsync();
        try
        {
            // While it waited for its turn, its time may have run out, or a newer lease may have come.
            return Refusal(command) is { } refusal ? Result(command, CommandOutcome.Refused, refusal) : await ExecuteAsync(command);
        }
        finally
        {
            turn.Release();
        }
    }

    private string? Refusal(Command command) => command switch
    {
        { OperationId: "" } => "it has no operation id",
        { Deadline: null } => "it has no deadline",
        _ when command.Deadline.ToDateTimeOffset() <= clock.GetUtcNow() => "its deadline is over",
        _ when !record.AllowsFence(command.Cluster, command.FencingNumber) =>
            $"fencing number {command.FencingNumber} is older than one seen before",
        _ => null,
    };

    private async Task<CommandResult> ExecuteAsync(Command command)
    {
        var left = command.Deadline.ToDateTimeOffset() - clock.GetUtcNow();
        using var deadline = new CancellationTokenSource(left, clock);
        try
        {
            return await actions.ExecuteAsync(command, Progress(command), deadline.Token);
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
