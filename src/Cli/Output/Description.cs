using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Output;

/// <summary>`describe` as lines: headings aligned, rows below them.</summary>
internal static class Description
{
    public static IReadOnlyList<string> Of(Kind kind, IMessage resource, IReadOnlyList<Event> events, DateTimeOffset now) => Lines(
    [
        .. CommonRows.Metadata(kind, resource),
        .. kind.Describe(resource, now),
        .. Line.Section("Events", events.OrderBy(one => one.Sequence).Select(EventLine.Of)),
    ]);

    /// <summary>Headings aligned; one line at least.</summary>
    public static IReadOnlyList<string> Lines(IReadOnlyList<Line> lines)
    {
        var width = lines.Where(line => line.Text != "").Max(line => line.Heading.Length) + ":  ".Length;
        return [.. lines.Select(line => Format(line, width))];
    }

    private static string Format(Line line, int width)
    {
        if (line.Depth > 0)
            return new string(' ', 2 * line.Depth) + Table.Printable(line.Text);
        return line.Text == "" ? $"{line.Heading}:" : (line.Heading + ":").PadRight(width) + Table.Printable(line.Text);
    }
}
