namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>A write that waits for its group's commit. Its caller learns the outcome after the commit, not before.</summary>
internal abstract class PendingWrite(string topic)
{
    public string Topic { get; } = topic;

    /// <summary>Runs within the group's transaction.</summary>
    public abstract void Execute(SqliteSession session);

    public abstract void Complete();

    public abstract void Fail(Exception cause);
}

/// <inheritdoc/>
internal sealed class PendingWrite<T>(string topic, Func<SqliteSession, T> work) : PendingWrite(topic)
{
    private readonly TaskCompletionSource<T> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? result;

    public Task<T> Outcome => outcome.Task;

    public override void Execute(SqliteSession session) => result = work(session);

    public override void Complete() => outcome.SetResult(result!); // Execute ran before.

    public override void Fail(Exception cause) => outcome.SetException(cause);
}
