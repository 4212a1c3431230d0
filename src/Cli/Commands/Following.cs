using System.Runtime.CompilerServices;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>A resource and how it was before; null at first.</summary>
internal sealed record Step<T>(T? Before, T Now)
    where T : class;

/// <summary>Follows one resource until it has come to an end.</summary>
/// <param name="IsOver">Whether nothing more is waited for.</param>
internal sealed record Following<T>(Kind Kind, string Name, Func<T, bool> IsOver)
    where T : class, IMessage
{
    public required Func<T, DateTimeOffset, Picture> Draw { get; init; }

    public required Func<T?, T, IEnumerable<string>> Lines { get; init; }

    /// <summary>Shows what changes; returns the resource as it was last, and whether that was its end or the time was up.</summary>
    /// <param name="limit">Zero waits for ever.</param>
    public async Task<(T Last, bool IsOver)> ToTheEndAsync(Session session, TimeSpan limit, CancellationToken cancellation)
    {
        var last = (T)await session.Resources.GetAsync(Kind, Name, cancellation);
        using var timeout = limit > TimeSpan.Zero
            ? new CancellationTokenSource(limit, session.Terminal.Time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await new Progress(session.Terminal).ShowAsync(
                Remember(StepsAsync(session, either.Token), step => last = step.Now),
                (step, now) => Draw(step.Now, now),
                step => Lines(step.Before, step.Now),
                either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return (last, false);
        }
        return (last, true);
    }

    private async IAsyncEnumerable<Step<T>> StepsAsync(Session session, [EnumeratorCancellation] CancellationToken cancellation)
    {
        T? before = null;
        var watch = new ResourceWatch(session, Kind, $"metadata.name = \"{Name}\"");
        await foreach (var change in watch.ReadAsync(cancellation))
        {
            if (Kinds.Kind.Metadata(change.Resource).Name != Name)
                continue;
            if (change.Type == ChangeType.Deleted)
                throw new Failure(ExitCode.Refused, $"{Kind.Reference(Name)} was deleted meanwhile.");
            var now = (T)change.Resource;
            yield return new(before, now);
            if (IsOver(now))
                yield break;
            before = now;
        }
    }

    private static async IAsyncEnumerable<Step<T>> Remember(IAsyncEnumerable<Step<T>> steps, Action<Step<T>> seen)
    {
        await foreach (var step in steps)
        {
            seen(step);
            yield return step;
        }
    }
}
