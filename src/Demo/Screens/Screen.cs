namespace Cozy.Fleet.Demo.Screens;

/// <summary>One line of a board.</summary>
/// <param name="Key">Stays the same while the line changes.</param>
/// <param name="News">What is said about it where there is no live table, each time that it changes.</param>
internal sealed record BoardRow(string Key, string News, IReadOnlyList<string> Cells);

/// <summary>A table that changes while something goes on.</summary>
internal sealed record Board(string Title, IReadOnlyList<string> Columns, IReadOnlyList<BoardRow> Rows);

/// <summary>Where people see what goes on.</summary>
internal abstract class Screen
{
    public abstract void Say(string sentence);

    /// <summary>Shows boards while the work goes on; the work says when there is a new one.</summary>
    public abstract Task LiveAsync(Func<Action<Board>, Task> work);
}

/// <summary>Programs read the summary; nothing else is printed.</summary>
internal sealed class SilentScreen : Screen
{
    public override void Say(string sentence)
    {
    }

    public override Task LiveAsync(Func<Action<Board>, Task> work) => work(_ => { });
}
