using Cozy.Fleet.Cli.Hosting;
using Spectre.Console;

namespace Cozy.Fleet.Cli.Output;

/// <summary>What a live table shows: rows below headings, and a sentence below the rows.</summary>
internal sealed record Picture(IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<string>> Rows, string Note);

/// <summary>Shows work that takes long: one table that stays in place for people, a line for each change otherwise.</summary>
internal sealed class Progress(Terminal terminal)
{
    // Ages grow while nothing else happens.
    private static readonly TimeSpan Redraw = TimeSpan.FromSeconds(1);

    public async Task ShowAsync<T>(
        IAsyncEnumerable<T> states, Func<T, DateTimeOffset, Picture> draw, Func<T, IEnumerable<string>> lines,
            CancellationToken cancellation)
    {
        if (terminal.IsInteractive)
        {
            await terminal.Canvas().Live(new Text("…")).StartAsync(live => DrawAsync(live, states, draw, cancellation));
            return;
        }
        await foreach (var state in states.WithCancellation(cancellation))
        {
            foreach (var line in lines(state))
                await terminal.Output.WriteLineAsync($"{Words.Time(terminal.Now())} {Table.Printable(line)}");
            await terminal.Output.FlushAsync(cancellation);
        }
    }

    private async Task DrawAsync<T>(
        LiveDisplayContext live, IAsyncEnumerable<T> states, Func<T, DateTimeOffset, Picture> draw, CancellationToken cancellation)
    {
        await using var reader = states.GetAsyncEnumerator(cancellation);
        var next = reader.MoveNextAsync().AsTask();
        (bool Any, T Value) shown = default;
        while (true)
        {
            await Task.WhenAny(next, Task.Delay(Redraw, terminal.Time, cancellation));
            if (next.IsCompleted)
            {
                if (!await next)
                    return;
                shown = (true, reader.Current);
                next = reader.MoveNextAsync().AsTask();
            }
            if (shown.Any)
                live.UpdateTarget(Grid(draw(shown.Value, terminal.Now())));
        }
    }

    private static Rows Grid(Picture picture)
    {
        var table = new Spectre.Console.Table().Border(TableBorder.None);
        foreach (var heading in picture.Headings)
            table.AddColumn(new TableColumn(new Text(heading, new Style(decoration: Decoration.Bold))).NoWrap());
        foreach (var row in picture.Rows)
            table.AddRow(row.Select(cell => new Text(Table.Printable(cell), Colour(cell))));
        return new Rows(table, new Text(Table.Printable(picture.Note)));
    }

    private static Style Colour(string cell) => cell switch
    {
        "Done" or "Running" or "yes" => new Style(Color.Green),
        "InFlight" or "Provisioning" or "Bootstrapping" => new Style(Color.Yellow),
        "Failed" or "RolledBack" or "Degraded" or "Stopped" => new Style(Color.Red),
        _ => Style.Plain,
    };
}
