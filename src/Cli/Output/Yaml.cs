using System.Text.Json;
using System.Text.Json.Nodes;
using Cozy.Fleet.Cli.Kinds;
using Google.Protobuf;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cozy.Fleet.Cli.Output;

/// <summary>Proto JSON written as block YAML: what `apply` reads.</summary>
internal static class Yaml
{
    /// <summary>A whole document, with the apiVersion and kind that `apply` asks for.</summary>
    public static string Document(Kind kind, IMessage resource)
    {
        var tree = new JsonObject { ["apiVersion"] = Files.Document.ApiVersion, ["kind"] = kind.Name };
        foreach (var (key, value) in Json.Tree(resource).ToArray())
            tree[key] = value!.DeepClone();
        return Text(tree);
    }

    public static string Text(JsonNode tree)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings().WithIndentedSequences());
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(version: null, tags: null, isImplicit: true));
        Emit(emitter, tree);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Emit(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, map.Count == 0 ? MappingStyle.Flow
                    : MappingStyle.Block));
                foreach (var (key, value) in map)
                {
                    emitter.Emit(Scalar(key));
                    Emit(emitter, value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, list.Count == 0
                    ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in list)
                    Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                emitter.Emit(Scalar(value.GetValue<string>()));
                break;
            default:
                emitter.Emit(new Scalar(node?.ToJsonString() ?? "null"));
                break;
        }
    }

    private static Scalar Scalar(string text)
    {
        var style = text.Contains('\n', StringComparison.Ordinal) ? ScalarStyle.Literal
            : ReadsAsText(text) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted;
        return new(AnchorName.Empty, TagName.Empty, text, style, isPlainImplicit: true, isQuotedImplicit: true);
    }

    // A digest of digits only, "true" or "1.10" would be read as something else by other programs.
    private static bool ReadsAsText(string text) =>
        text != "" && !double.TryParse(text, out _)
        && text.ToLowerInvariant() is not ("true" or "false" or "null" or "~" or "yes" or "no" or "on" or "off")
        && !text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
}
