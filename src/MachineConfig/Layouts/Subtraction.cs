using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Patches;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Layouts;

/// <summary>The patch that turns one config into another, as far as a patch can: it adds and changes, and takes nothing away.</summary>
internal static class Subtraction
{
    // Every machine has its own, and a config for a role has none.
    private static readonly HashSet<string> OfMachines = ["machine.network.hostname", "HostnameConfig:hostname", "HostnameConfig:auto"];

    private static readonly string[] Identity = ["apiVersion", "kind", "name"];

    /// <returns>The patch, and the places in which the patched config would still be another.</returns>
    public static (string Patch, IReadOnlyList<ConfigPlace> Lost) Of(string wanted, string from)
    {
        var present = ConfigPatch.Documents(from);
        var patch = new List<YamlMappingNode>();
        foreach (var document in ConfigPatch.Documents(wanted))
        {
            var like = present.Find(p => ConfigPatch.Identity(p) == ConfigPatch.Identity(document));
            if (like is null)
                patch.Add(document);
            else if (Rest(document, like, ConfigLeaf.Root(document)) is { Children.Count: > 0 } rest)
                patch.Add(Named(rest, document));
        }
        patch.ForEach(document => ReservedPaths.Strip(document));
        var text = Yaml.Write(patch);
        return (text, Lost(wanted, patch.Count == 0 ? from : ConfigPatch.Apply(from, text, out _) ?? from));
    }

    // What the coordinator sets is no loss.
    private static List<ConfigPlace> Lost(string wanted, string patched) =>
        [.. ConfigDiff.Between(patched, wanted, out _)!.Changes
            .Where(change => !OfMachines.Contains(change.Rule) && !ReservedPaths.Covers(change.Rule)).Select(change => change.Place)];

    private static YamlMappingNode Named(YamlMappingNode rest, YamlMappingNode document)
    {
        var named = new YamlMappingNode();
        foreach (var key in Identity.Where(key => document.At("kind") is not null && document.At(key) is not null))
            named.Add(key, document.At(key)!);
        foreach (var (key, value) in rest.Children)
            named.Children.TryAdd(key, value);
        return named;
    }

    private static YamlMappingNode Rest(YamlMappingNode wanted, YamlMappingNode present, ConfigLeaf at)
    {
        var rest = new YamlMappingNode();
        foreach (var (key, value) in wanted.Children)
        {
            var here = at.At(key, value);
            if (OfMachines.Contains(here.Rule))
                continue;
            if (present.At(here.Keys[^1]) is not { } other)
                rest.Add(key, value);
            else if ((value, other) is (YamlMappingNode map, YamlMappingNode otherMap))
            {
                if (Rest(map, otherMap, here) is { Children.Count: > 0 } inner)
                    rest.Add(key, inner);
            }
            else if (!value.Equals(other))
                rest.Add(key, New(value, other, here));
        }
        return rest;
    }

    // Lists append, but where they replace.
    private static YamlNode New(YamlNode value, YamlNode other, ConfigLeaf at) =>
        (value, other) is (YamlSequenceNode list, YamlSequenceNode present) && !MergeRules.Replaces(at.Rule)
            ? new YamlSequenceNode(list.Where(element => !present.Contains(element)))
            : value;
}
