using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>What is shown of a fleet patch.</summary>
internal static class FleetPatchRows
{
    private const string Everybody = "any";

    public static IReadOnlyList<Column> Columns { get; } =
    [
        CommonRows.Name,
        Column.Of<FleetPatch>("ROLE", patch => Role(patch.Spec)),
        Column.Of<FleetPatch>("FILTER", patch => patch.Spec?.Filter ?? ""),
        CommonRows.Age,
    ];

    public static IEnumerable<Line> Describe(FleetPatch patch)
    {
        var spec = patch.Spec ?? new();
        return
        [
            .. Line.Pairs(("Role", Role(spec)), ("Filter", spec.Filter)),
            .. Line.Section("Patch", RedactedLines.Of(spec.Yaml.TrimEnd().Split('\n'))),
        ];
    }

    private static string Role(FleetPatchSpec? spec) => spec is null or { Role: Contracts.V1.Role.Unspecified }
        ? Everybody : Words.Of(spec.Role);
}
