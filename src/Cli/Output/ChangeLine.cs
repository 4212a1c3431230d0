using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Output;

/// <summary>A change of a resource as one line: for people, and as JSON.</summary>
internal static class ChangeLine
{
    public static string Plain(Kind kind, Change change, DateTimeOffset now)
    {
        var said = $"{kind.Reference(change.Resource)} {Words.Of(change.Type).ToLowerInvariant()}";
        if (change.Type == ChangeType.Deleted)
            return said;
        var cells = kind.Columns.Where(column => column != CommonRows.Name && column != CommonRows.Age)
            .Select(column => (Heading: column.Heading.ToLowerInvariant(), Text: column.Cell(change.Resource, now)))
            .Where(cell => cell.Text != "");
        return $"{said}: {string.Join(", ", cells.Select(cell => $"{cell.Heading} {cell.Text}"))}";
    }

    /// <summary>The resource as proto JSON; a deleted one carries "deleted": true.</summary>
    public static string Json(Change change)
    {
        if (change.Type != ChangeType.Deleted)
            return Output.Json.Line(change.Resource);
        var tree = Output.Json.Tree(change.Resource);
        tree["deleted"] = true;
        return tree.ToJsonString();
    }

    public static string Yaml(Kind kind, Change change)
    {
        var deleted = change.Type == ChangeType.Deleted ? "deleted: true\n" : "";
        return $"---\n{Output.Yaml.Document(kind, change.Resource)}{deleted}".TrimEnd();
    }

    /// <summary>The table after a change.</summary>
    public static void Apply(SortedDictionary<string, IMessage> resources, Change change)
    {
        var name = Kind.Metadata(change.Resource).Name;
        if (change.Type == ChangeType.Deleted)
            resources.Remove(name);
        else
            resources[name] = change.Resource;
    }
}
