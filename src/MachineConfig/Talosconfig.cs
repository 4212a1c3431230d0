using System.Text;
using Cozy.Fleet.Primitives;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>One context of a talosconfig: where a cluster answers, and as whom (talos.md 4.4).</summary>
/// <param name="Endpoints">Addresses or names that are dialled; may be empty.</param>
/// <param name="Nodes">Nodes that calls are for when none is named; may be empty.</param>
/// <param name="Ca">PEM, as are the certificate and its key.</param>
public sealed record TalosContext(
    string Name, EquatableArray<string> Endpoints, EquatableArray<string> Nodes, string Ca, string Certificate, string Key)
{
    /// <summary>Hides the key.</summary>
    public override string ToString() => $"TalosContext {Name}";
}

/// <summary>Reads a talosconfig. A refusal says where in the file and what to do, and repeats none of its values.</summary>
public static class Talosconfig
{
    /// <param name="name">The context that is wanted; empty is the current one of the file.</param>
    public static TalosContext? TryRead(string yaml, string name, out string refusal)
    {
        if (Root(yaml, out refusal) is not { } root)
            return null;
        if (At(root, "contexts") is not YamlMappingNode { Children.Count: > 0 } contexts)
            return Refuse("the talosconfig has no contexts; write one with 'talosctl config new' or take the cluster's own", out refusal);
        var known = string.Join(", ", contexts.Children.Keys.Select(key => $"'{key}'"));
        var wanted = name != "" ? name : Scalar(root, "context");
        if (wanted == "")
            return Refuse($"the talosconfig names no current context; choose one of {known}", out refusal);
        return At(contexts, wanted) is YamlMappingNode context
            ? Context(wanted, context, out refusal)
            : Refuse($"the talosconfig has no context '{wanted}'; choose one of {known}", out refusal);
    }

    private static YamlMappingNode? Root(string yaml, out string refusal)
    {
        refusal = "";
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents is [{ RootNode: YamlMappingNode root }])
                return root;
            refusal = "the talosconfig is not one YAML mapping; is it another file?";
        }
        catch (YamlException exception)
        {
            refusal = $"the talosconfig is not YAML, line {exception.Start.Line}, column {exception.Start.Column}; is the file damaged?";
        }
        return null;
    }

    private static TalosContext? Context(string name, YamlMappingNode context, out string refusal)
    {
        if (Pem(name, context, "ca", out refusal) is not { } ca
            || Pem(name, context, "crt", out refusal) is not { } certificate
            || Pem(name, context, "key", out refusal) is not { } key)
            return null;
        if (List(context, "endpoints") is not { } endpoints || List(context, "nodes") is not { } nodes)
            return Refuse($"contexts.{name}: endpoints and nodes must be lists of addresses", out refusal);
        refusal = "";
        return new(name, [.. endpoints], [.. nodes], ca, certificate, key);
    }

    private static string? Pem(string name, YamlMappingNode context, string key, out string refusal)
    {
        refusal = "";
        var text = Scalar(context, key);
        var bytes = new byte[text.Length];
        if (text == "" && At(context, "auth") is not null)
            refusal = $"contexts.{name} logs in by 'auth' instead of a certificate, which is not supported here; get a talosconfig with ca, crt and key";
        else if (text == "")
            refusal = $"contexts.{name}.{key} is missing; get a talosconfig with ca, crt and key";
        else if (!Convert.TryFromBase64String(text, bytes, out var length) || Encoding.ASCII.GetString(bytes, 0, length) is var pem
            && !pem.Contains("-----BEGIN ", StringComparison.Ordinal))
            refusal = $"contexts.{name}.{key}{Place(context, key)} is not PEM in base64; was it cut or changed?";
        else
            return Encoding.ASCII.GetString(bytes, 0, length);
        return null;
    }

    private static string Place(YamlMappingNode context, string key) => At(context, key) is { } node ? $" (line {node.Start.Line})" : "";

    private static string[]? List(YamlMappingNode context, string key) => At(context, key) switch
    {
        null => [],
        YamlScalarNode { Value: "" or null } => [],
        YamlSequenceNode list when list.All(item => item is YamlScalarNode { Value.Length: > 0 }) => [.. list.Select(item => ((YamlScalarNode)item).Value!)],
        _ => null,
    };

    private static YamlNode? At(YamlNode node, string key) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    private static string Scalar(YamlNode node, string key) => (At(node, key) as YamlScalarNode)?.Value ?? "";

    private static TalosContext? Refuse(string sentence, out string refusal)
    {
        refusal = sentence;
        return null;
    }
}
