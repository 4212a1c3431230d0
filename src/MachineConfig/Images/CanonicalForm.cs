using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Images;

/// <summary>
/// Writes a tree as the factory's YAML library writes a schematic (talos.md 9.3): the fields in their fixed order, the empty ones left out,
/// four spaces for each level. Everything that does not fit the shape is collected.
/// </summary>
internal sealed partial class CanonicalForm(List<(Mark At, string Sentence)> problems)
{
    private const string Indent = "    ";
    private const string AskFactory = "take the id from the factory's answer to POST /schematics";

    public string Document(YamlMappingNode root, Shape.Fields shape)
    {
        var fields = Fields(root, shape, "", "");
        // The one field that is written when it is empty.
        return fields.Contains("\ncustomization:", StringComparison.Ordinal) || fields.StartsWith("customization:", StringComparison.Ordinal)
            ? fields
            : fields + "customization: {}\n";
    }

    // Whole lines, each with its line end; nothing at all for what is empty.
    private string Fields(YamlNode node, Shape.Fields shape, string path, string indent)
    {
        if (node is not YamlMappingNode map)
            return Refuse(node, $"{path} is not a map of keys");
        foreach (var key in map.Children.Keys.Where(key => shape.Known.All(field => field.Key != (key as YamlScalarNode)?.Value)))
            Refuse(key, $"unknown key {Below(path, key.ToString())}; a schematic has {string.Join(", ", shape.Known.Select(f => f.Key))} here");
        return string.Concat(shape.Known.Select(field =>
            node.At(field.Key) is { } value && !value.IsNull() ? Field(value, field, Below(path, field.Key), indent) : ""));
    }

    private string Field(YamlNode value, (string Key, Shape Shape) field, string path, string indent) => field.Shape switch
    {
        Shape.Fields fields => Under(field.Key, Fields(value, fields, path, indent + Indent), indent),
        Shape.List list => Under(field.Key, Items(value, list.Item, path, indent + Indent), indent),
        _ => Scalar(value, field.Shape, path) is { Length: > 0 } text ? $"{indent}{field.Key}: {text}\n" : "",
    };

    private static string Under(string key, string lines, string indent) => lines == "" ? "" : $"{indent}{key}:\n{lines}";

    private string Items(YamlNode node, Shape item, string path, string indent)
    {
        if (node is not YamlSequenceNode list)
            return Refuse(node, $"{path} is not a list");
        return string.Concat(list.Children.Select((value, i) => Item(value, item, $"{path}[{i}]", indent)));
    }

    private string Item(YamlNode value, Shape item, string path, string indent)
    {
        var before = problems.Count;
        var text = item is Shape.Fields fields ? WholeFields(value, fields, path, indent) : Scalar(value, item, path) + "\n";
        if (text == "\n" && problems.Count == before)
            Refuse(value, $"{path} is empty: how the factory writes that is unverified; {AskFactory}");
        return $"{indent}- {text}";
    }

    // The first field stands behind the dash. Whether an empty one is written there is unverified.
    private string WholeFields(YamlNode value, Shape.Fields fields, string path, string indent)
    {
        var before = problems.Count;
        var lines = Fields(value, fields, path, indent + "  ");
        if (problems.Count > before)
            return lines;
        foreach (var (key, _) in fields.Known.Where(field => !lines.Contains($"  {field.Key}:", StringComparison.Ordinal)))
            Refuse(value, $"{Below(path, key)} is missing or empty");
        return lines.TrimStart(' ');
    }

    private string Scalar(YamlNode node, Shape shape, string path)
    {
        if (shape is Shape.Free)
            return node is YamlMappingNode { Children.Count: 0 } ? "" : Refuse(node, $"how the factory writes {path} is unverified; {AskFactory}");
        if (node is not YamlScalarNode scalar)
            return Refuse(node, $"{path} is not a plain value");
        var value = scalar.Value ?? "";
        return shape switch
        {
            Shape.Number number => Number(scalar, number.Maximum, path),
            Shape.Flag => Flag(scalar, path),
            _ when value == "" || Plain().IsMatch(value) && YamlScalars.ReadsAsText(value) => value,
            _ => Refuse(node, $"how the factory quotes the value of {path} is unverified; {AskFactory}"),
        };
    }

    private string Number(YamlScalarNode scalar, long maximum, string path)
    {
        var text = scalar.Value ?? "";
        var isHexadecimal = text.StartsWith("0x", StringComparison.Ordinal);
        var good = scalar.Style is ScalarStyle.Plain && NumberForm().IsMatch(text);
        // Zero counts as empty.
        return good && long.TryParse(isHexadecimal ? text[2..] : text,
                isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= maximum
            ? number == 0 ? "" : number.ToString(CultureInfo.InvariantCulture)
            : Refuse(scalar, $"{path} is not a number from 0 to {maximum}");
    }

    private string Flag(YamlScalarNode scalar, string path) => scalar switch
    {
        { Style: ScalarStyle.Plain, Value: "true" } => "true",
        { Style: ScalarStyle.Plain, Value: "false" } => "",
        _ => Refuse(scalar, $"{path} is neither true nor false"),
    };

    private string Refuse(YamlNode node, string sentence)
    {
        problems.Add((node.Start, sentence));
        return "";
    }

    private static string Below(string path, string key) => path == "" ? key : $"{path}.{key}";

    // What every YAML library writes without quotes and in one line.
    [GeneratedRegex(@"^[A-Za-z/][A-Za-z0-9_./=,@+-]*\z")]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(0|[1-9][0-9]{0,17}|0x[0-9a-fA-F]{1,15})\z")]
    private static partial Regex NumberForm();
}
