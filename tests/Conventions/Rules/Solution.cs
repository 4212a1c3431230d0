using System.Text.RegularExpressions;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>The solution is what is built, tested and formatted: a project beside it is forgotten.</summary>
internal static partial class Solution
{
    public static IEnumerable<Violation> Missing(SourceFile solution, IEnumerable<string> projects)
    {
        var listed = ProjectPath().Matches(solution.Text).Select(m => m.Value.Replace('\\', '/')).ToHashSet();
        return projects.Where(p => !listed.Contains(p)).Select(p => solution.At(1, $"{p} is not in the solution: dotnet sln add {p}"));
    }

    [GeneratedRegex(@"[\w.\\/-]+\.csproj")]
    private static partial Regex ProjectPath();
}
