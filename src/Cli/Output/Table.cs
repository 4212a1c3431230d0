using Cozy.Fleet.Cli.Kinds;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Output;

/// <summary>Aligned columns, two spaces apart.</summary>
internal static class Table
{
    /// <summary>The headings and the rows as lines; nothing at all when there are no rows.</summary>
    public static IReadOnlyList<string> Rows(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] all = [headings, .. rows.Select(row => row.Select(Printable).ToArray())];
        if (all.Length == 1)
            return [];
        var widths = headings.Select((_, column) => all.Max(row => row[column].Length)).ToArray();
        return [.. all.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd())];
    }

    public static IReadOnlyList<string> Rows(Kind kind, IReadOnlyList<IMessage> resources, DateTimeOffset now)
    {
        var columns = Columns(kind, resources, now);
        return Rows([.. columns.Select(column => column.Heading)], resources.Select(resource => Cells(columns, resource, now)));
    }

    /// <summary>The kind's columns without those that would be empty in every row.</summary>
    public static IReadOnlyList<Column> Columns(Kind kind, IReadOnlyList<IMessage> resources, DateTimeOffset now) =>
        [.. kind.Columns.Where(column => !column.OnlyWhenAny || resources.Any(resource => column.Cell(resource, now) != ""))];

    public static IReadOnlyList<string> Cells(IReadOnlyList<Column> columns, IMessage resource, DateTimeOffset now) =>
        [.. columns.Select(column => column.Cell(resource, now))];

    /// <summary>
    /// Without control characters: what a machine says about itself (its model, its hostname) must not steer the operator's terminal.
    /// </summary>
    public static string Printable(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter)) : text;
}
