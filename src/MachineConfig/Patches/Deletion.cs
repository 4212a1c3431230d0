using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Patches;

/// <summary>The directive <c>$patch: delete</c> (talos.md 5.6).</summary>
internal static class Deletion
{
    private const string Directive = "$patch";

    public static bool Is(YamlNode value) => value is YamlMappingNode && value.TextAt(Directive) == "delete";

    /// <summary>Takes the elements away that have the first field beside the directive.</summary>
    /// <exception cref="PatchException">There is none, or no field says which.</exception>
    public static void FromList(YamlSequenceNode target, YamlPlace element)
    {
        var fields = ((YamlMappingNode)element.Node).Children.Where(c => c.Key is not YamlScalarNode { Value: Directive }).ToList();
        if (fields is not [var (key, value), ..])
            throw new PatchException($"line {element.Line}: a field beside $patch says which element of {element.Path} is deleted.");
        var found = target.Where(t => t is YamlMappingNode map && map.Children.TryGetValue(key, out var v) && v.Equals(value)).ToList();
        if (found.Count == 0)
            throw Missing(element);
        found.ForEach(f => target.Children.Remove(f));
    }

    public static PatchException Missing(YamlPlace at) => new($"line {at.Line}: {at.Path} is not there, so it cannot be deleted.");
}
