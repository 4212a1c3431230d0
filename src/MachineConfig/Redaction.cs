using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Redact;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Takes secrets out of machine configs, patches, secrets bundles, talosconfigs and kubeconfigs before people or logs see them. What is
/// secret is known by the place where Talos keeps it, by the name of its key, or by its content; certificates stay. When in doubt, it is
/// hidden: contents of files are, and documents of unknown kinds are judged by names and content alone.
/// </summary>
public static class Redaction
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Marker = "**REDACTED**";

    /// <summary>The same documents with markers for secrets, without comments. A text that is not YAML is hidden as a whole.</summary>
    public static string Of(string yaml)
    {
        try
        {
            var documents = YamlPlace.Documents(yaml, "text").Select(d => (YamlMappingNode)d.Node).ToList();
            foreach (var leaf in ConfigLeaf.Of(documents))
                Hide(leaf);
            return Yaml.Write(documents);
        }
        catch (FormatException)
        {
            return Marker + "\n";
        }
    }

    /// <summary>True for names that secrets have, such as <c>token</c> and <c>clientSecret</c>; for text that is no config.</summary>
    public static bool IsSecretName(string name) => SecretRules.IsName(name);

    /// <summary>The value of a leaf as people may see it.</summary>
    internal static string Shown(ConfigLeaf leaf) =>
        leaf.Node is YamlScalarNode { Value: { } value } && SecretRules.Hidden(leaf, value) is { } hidden ? hidden : LeafText.Of(leaf.Node);

    private static void Hide(ConfigLeaf leaf)
    {
        if (leaf.Node is YamlScalarNode { Value: { } value } scalar && SecretRules.Hidden(leaf, value) is { } hidden)
            (scalar.Value, scalar.Style) = (hidden, ((YamlScalarNode)Yaml.Text(hidden)).Style);
    }
}
