using System.Text.RegularExpressions;

namespace Cozy.Fleet.Conventions.Projects;

/// <summary>The solution is what is built: a project beside it is forgotten.</summary>
internal static partial class SolutionMembers
{
    public static IEnumerable<Finding> Missing(string solution, IEnumerable<string> projects)
    {
        var listed = ProjectPath().Matches(solution).Select(match => match.Value.Replace('\\', '/')).ToHashSet();
        return projects.Where(path => !listed.Contains(path))
            .Select(path => new Finding(path, 1, $"is not in the solution: dotnet sln add {path}"));
    }

    [GeneratedRegex(@"[\w.\\/-]+\.csproj")]
    private static partial Regex ProjectPath();
}
