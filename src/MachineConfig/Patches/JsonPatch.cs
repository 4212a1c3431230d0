using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Patches;

/// <summary>A JSON patch (RFC 6902), written as YAML or JSON: a list of operations, all of which apply or none.</summary>
internal static class JsonPatch
{
    /// <summary>What is wrong with the operations themselves, with the line; null when nothing is.</summary>
    public static string? Problem(YamlSequenceNode patch) => patch.Select(Problem).FirstOrDefault(problem => problem is not null);

    /// <summary>The document after all operations; the given one is changed on the way.</summary>
    /// <exception cref="PatchException">An operation does not fit the document; the message names its line and path.</exception>
    public static YamlNode Apply(YamlNode document, YamlSequenceNode patch) => patch.Aggregate(document, Apply);

    private static string? Problem(YamlNode operation)
    {
        var line = operation.Start.Line;
        if (operation is not YamlMappingNode)
            return $"line {line}: an operation of a JSON patch is a map with op and path.";
        var op = operation.TextAt("op");
        if (op is not ("add" or "remove" or "replace" or "move" or "copy" or "test"))
            return $"line {line}: op '{op}' is not add, remove, replace, move, copy or test.";
        if (Pointer(operation, "path") is { } wrongPath)
            return wrongPath;
        return op switch
        {
            "add" or "replace" or "test" when operation.At("value") is null => $"line {line}: {op} needs a value.",
            "move" or "copy" => Pointer(operation, "from"),
            _ => null,
        };
    }

    private static string? Pointer(YamlNode operation, string key) => operation.TextAt(key) switch
    {
        null => $"line {operation.Start.Line}: {operation.TextAt("op")} needs a {key}.",
        "" => null,
        { } pointer => pointer[0] == '/' ? null : $"line {operation.Start.Line}: {key} '{pointer}' does not start with '/'.",
    };

    private static YamlNode Apply(YamlNode document, YamlNode operation)
    {
        var path = new JsonPointer(operation.TextAt("path") ?? "", operation.Start.Line);
        var from = new JsonPointer(operation.TextAt("from") ?? "", operation.Start.Line);
        YamlNode Value() => Yaml.Clone(operation.At("value") ?? throw path.Refuse("needs a value"));
        switch (operation.TextAt("op"))
        {
            case "add":
                return path.Add(document, Value());
            case "remove":
                return path.Remove(document);
            case "replace":
                path.Find(document);
                return path.Replace(document, Value());
            case "copy":
                return path.Add(document, Yaml.Clone(from.Find(document)));
            case "move" when path.IsBelow(from):
                throw from.Refuse("cannot be moved into itself");
            case "move":
                var moved = from.Find(document);
                return path.Add(from.Remove(document), moved);
            case "test" when path.Find(document).Equals(Value()):
                return document;
            default:
                throw path.Refuse("is not what the patch tests for");
        }
    }
}
