using Spectre.Console;

namespace Cozy.Fleet.Demo.Screens;

/// <summary>A person at a terminal: a table that is drawn anew with each change.</summary>
internal sealed class TerminalScreen : Screen
{
    public override void Say(string sentence) => AnsiConsole.MarkupLineInterpolated($"[bold]{sentence}[/]");

    public override Task LiveAsync(Func<Action<Board>, Task> work) => AnsiConsole.Live(new Text(""))
        .StartAsync(context => work(board =>
        {
            context.UpdateTarget(Draw(board));
            context.Refresh();
        }));

    private static Table Draw(Board board)
    {
        var table = new Table().Title(Markup.Escape(board.Title)).Border(TableBorder.Rounded);
        foreach (var column in board.Columns)
            table.AddColumn(Markup.Escape(column));
        foreach (var row in board.Rows)
            table.AddRow(row.Cells.Select(cell => new Text(cell, Colour(cell))));
        return table;
    }

    private static Style Colour(string cell) => cell switch
    {
        "Running" or "Done" => Color.Green,
        "Failed" or "RolledBack" => Color.Red,
        "InFlight" => Color.Yellow,
        _ => Style.Plain,
    };
}
