using System.Text.RegularExpressions;
using Cozy.Fleet.Coordinator.Api.Errors;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Validation;

/// <summary>Names of resources, and the labels and annotations that people give them.</summary>
internal static partial class NameRules
{
    private const int MaximumAnnotations = 256 * 1024; // As Kubernetes bounds them.

    public static void Check(V1.Metadata? metadata, Problems problems)
    {
        var name = metadata?.Name ?? "";
        problems.AddIf(!IsName(name), "metadata.name", name == ""
            ? "must be set" : $"'{name}' must be at most 63 lower-case letters, digits, '-' and '.', first and last a letter or digit");
        CheckMaps(metadata, problems);
    }

    public static void CheckMaps(V1.Metadata? metadata, Problems problems)
    {
        foreach (var (key, value) in metadata?.Labels ?? [])
        {
            problems.AddIf(!LabelKey().IsMatch(key), $"metadata.labels[{key}]", "is not a label key such as example.com/zone");
            problems.AddIf(!LabelValue().IsMatch(value), $"metadata.labels[{key}]",
                $"'{value}' must be at most 63 letters, digits, '-', '_' and '.'");
        }
        foreach (var key in (metadata?.Annotations.Keys ?? []).Where(key => !LabelKey().IsMatch(key)))
            problems.Add($"metadata.annotations[{key}]", "is not an annotation key such as example.com/note");
        problems.AddIf((metadata?.Annotations.Sum(a => a.Key.Length + a.Value.Length) ?? 0) > MaximumAnnotations,
            "metadata.annotations", "must not be longer than 256 KiB in all");
    }

    public static bool IsName(string name) => Name().IsMatch(name);

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\z")]
    private static partial Regex LabelKey();

    [GeneratedRegex(@"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?\z")]
    private static partial Regex LabelValue();
}
