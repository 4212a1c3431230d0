using System.CommandLine;
using System.Runtime.CompilerServices;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`watch`: the changes of a kind until Ctrl-C.</summary>
internal static class WatchCommand
{
    public static Command Create(Shell shell)
    {
        var (kind, filter, output) = (Parameters.Kind(), Parameters.Filter(), Parameters.Output("table", "json", "yaml"));
        return new Command("watch", "Shows resources and their changes until Ctrl-C.") { kind, filter, output }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var wanted = KindTable.Named(arguments.GetRequiredValue(kind));
                var watch = new ResourceWatch(session, wanted, arguments.GetRequiredValue(filter));
                try
                {
                    await ShowAsync(session, wanted, watch.ReadAsync(cancellation), arguments.GetRequiredValue(output), cancellation);
                }
                catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
                {
                    // Ctrl-C is how a watch ends.
                }
                return ExitCode.Ok;
            }));
    }

    private static async Task ShowAsync(
        Session session, Kind kind, IAsyncEnumerable<Change> changes, string form, CancellationToken cancellation)
    {
        if (form == "table")
        {
            await TableAsync(session, kind, changes, cancellation);
            return;
        }
        await foreach (var change in changes.WithCancellation(cancellation))
            await session.PrintAsync(form == "json" ? ChangeLine.Json(change) : ChangeLine.Yaml(kind, change));
    }

    private static Task TableAsync(Session session, Kind kind, IAsyncEnumerable<Change> changes, CancellationToken cancellation)
    {
        var resources = new SortedDictionary<string, IMessage>(StringComparer.Ordinal);
        return new Progress(session.Terminal).ShowAsync(
            Follow(changes, resources, cancellation),
            (_, now) => Draw(kind, [.. resources.Values], now),
            change => [ChangeLine.Plain(kind, change, session.Terminal.Now())],
            cancellation);
    }

    private static async IAsyncEnumerable<Change> Follow(
        IAsyncEnumerable<Change> changes, SortedDictionary<string, IMessage> resources,
            [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var change in changes.WithCancellation(cancellation))
        {
            ChangeLine.Apply(resources, change);
            yield return change;
        }
    }

    private static Picture Draw(Kind kind, IReadOnlyList<IMessage> resources, DateTimeOffset now)
    {
        var columns = Output.Table.Columns(kind, resources, now);
        return new([.. columns.Select(column => column.Heading)], [.. resources.Select(one => Output.Table.Cells(columns, one, now))], "");
    }
}
