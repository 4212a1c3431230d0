using System.Text.RegularExpressions;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>Names of racks: they stand in certificates, so nothing that could be read in two ways.</summary>
internal static partial class Names
{
    /// <summary>An RFC 1123 label, as Kubernetes names are.</summary>
    public static bool IsResourceName(string name) => Label().IsMatch(name);

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex Label();
}
