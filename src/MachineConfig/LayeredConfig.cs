using Cozy.Fleet.MachineConfig.Layers;
using Cozy.Fleet.MachineConfig.Patches;
using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>Patches under one name, such as <c>fleet</c>, <c>cluster</c>, <c>role</c>, <c>class</c> or <c>node</c>.</summary>
/// <param name="Patches">In the order in which they apply; each as <see cref="ConfigPatch"/> takes it.</param>
public sealed record ConfigLayer(string Name, EquatableArray<string> Patches)
{
    /// <summary>
    /// Its documents stand beside the config: a JSON patch of a later layer, which is for a config of one document, does not see them.
    /// </summary>
    public bool IsBeside { get; init; }
}

/// <summary>Puts layers of patches over a generated config, the later ones winning, and remembers who said what.</summary>
public static class LayeredConfig
{
    /// <summary>The name of the layer below all others.</summary>
    public const string Generated = "generated";

    /// <summary>Applies all layers in their order.</summary>
    /// <returns>Null and a refusal, which names layer, patch and line, when one of the patches does not apply.</returns>
    public static EffectiveConfig? Apply(string generated, IEnumerable<ConfigLayer> layers, out string refusal)
    {
        refusal = "";
        var place = Generated;
        try
        {
            var tree = ConfigPatch.Documents(generated);
            var origins = new Origins(tree, Generated);
            var beside = new HashSet<YamlMappingNode>(ReferenceEqualityComparer.Instance);
            foreach (var layer in layers)
            {
                var before = tree.ToHashSet<YamlMappingNode>(ReferenceEqualityComparer.Instance);
                for (var i = 0; i < layer.Patches.Count; i++)
                {
                    place = layer.Patches.Count == 1 ? $"layer {layer.Name}" : $"layer {layer.Name}, patch {i + 1}";
                    ConfigPatch.Apply(tree, layer.Patches[i], beside);
                    origins.Note(tree, layer.Name);
                }
                if (layer.IsBeside)
                    beside.UnionWith(tree.Where(document => !before.Contains(document)));
            }
            return new(Yaml.Write(tree), origins.Explain(tree), origins.Removed);
        }
        catch (Exception exception) when (exception is PatchException or FormatException)
        {
            refusal = $"{place}: {exception.Message}";
            return null;
        }
    }
}
