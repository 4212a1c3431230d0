using Cozy.Fleet.Cli.Hosting;
using YamlDotNet.Core;

namespace Cozy.Fleet.Cli.Files;

/// <summary>A place in a file, as editors understand it.</summary>
internal sealed record Place(string File, long Line, long Column)
{
    public static Place Of(string file, Mark mark) => new(file, mark.Line, mark.Column);

    public override string ToString() => $"{File}:{Line}:{Column}";
}

/// <summary>Everything that is wrong with the files, collected so that all of it is said at once.</summary>
internal sealed class FileErrors
{
    private readonly List<string> found = [];

    public bool Any => found.Count > 0;

    public void Add(Place place, string problem) => found.Add($"{place}: {problem}");

    public void Add(string file, string problem) => found.Add($"{file}: {problem}");

    /// <summary>Ends the command when anything was wrong.</summary>
    public void ThrowIfAny()
    {
        if (Any)
            throw new Failure(ExitCode.Usage, found.Count == 1 ? "The file has an error:" : $"The files have {found.Count} errors:", found);
    }
}
