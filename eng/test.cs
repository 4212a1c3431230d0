#:property RestorePackagesWithLockFile=false
#:property PublishAot=false
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

// Runs the built test projects and adds up what they say. `dotnet test` would do but for two things: the projects that start whole
// fleets and emulated machines have time limits of their own and must not share two cores with each other, and each project
// gets a log. Usage: dotnet run eng/test.cs -- [PART-OF-A-PROJECT'S-NAME]...
// Exit code: 0 all passed, 1 something failed or nothing ran.

string[] alone = ["Scenarios", "Vm"];
var limit = TimeSpan.FromMinutes(25); // Three times what the longest one takes on a quiet machine.
var logs = Directory.CreateDirectory(".run/tests").FullName;

var projects = Directory.GetFiles("tests", "*.csproj", SearchOption.AllDirectories)
    .Select(file => new Project(Path.GetFileNameWithoutExtension(file), Path.GetDirectoryName(file)!))
    .Where(project => args.Length == 0 || args.Any(part => project.Name.Contains(part, StringComparison.OrdinalIgnoreCase)))
    .OrderBy(project => project.Name, StringComparer.Ordinal)
    .ToList();

var results = new ConcurrentBag<Result>();
await Parallel.ForEachAsync(
    projects.Where(p => !alone.Contains(p.Name)), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (project, _) => await RunAsync(project));
foreach (var project in projects.Where(p => alone.Contains(p.Name)))
    await RunAsync(project);

foreach (var result in results.Where(r => r.Failed > 0).OrderBy(r => r.Project.Name, StringComparer.Ordinal))
    Console.WriteLine($"\n=== {result.Project.Name}: {result.Log}\n{result.Details}");
Console.WriteLine();
var (passed, failed, skipped) = (results.Sum(r => r.Passed), results.Sum(r => r.Failed), results.Sum(r => r.Skipped));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{passed} passed, {failed} failed, {skipped} skipped"));
return failed > 0 || passed == 0 ? 1 : 0;

async Task RunAsync(Project project)
{
    var log = Path.Combine(logs, $"{project.Name}.log");
    var clock = Stopwatch.StartNew();
    var (output, end) = await OutputAsync(project.Program, log);
    var result = Result.Read(project, Path.GetRelativePath(".", log), output, end);
    results.Add(result);
    var skips = Lines.Blocks(output, "[SKIP]").Select(block => "\n    skipped: " + string.Join(' ', block.Select(line => line.Trim())));
    // One write: two projects run at a time.
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{project.Name,-22} {result.Passed,5} passed {result.Failed,3} failed {result.Skipped,3} skipped {clock.Elapsed.TotalSeconds,6:F0} s")
        + string.Concat(skips));
}

// The lines, and how the process ended if that was not by itself.
async Task<(List<string> Lines, string End)> OutputAsync(string program, string log)
{
    var lines = new List<string>();
    if (!File.Exists(program))
        return (lines, $"{program} was not built");
    // The shell joins both outputs and becomes the program; no input: a test that waits for a person must not hang.
    const string Command = "exec \"$0\" -noColor -noLogo -noAutoReporters -reporter verbose >\"$1\" 2>&1 </dev/null";
    using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Command, program, log])) ?? throw new InvalidOperationException(
        $"{program} could not be started.");
    var late = false;
    using var patience = new CancellationTokenSource(limit);
    try
    {
        await process.WaitForExitAsync(patience.Token);
    }
    catch (OperationCanceledException)
    {
        late = true;
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }
    lines.AddRange(await File.ReadAllLinesAsync(log));
    return (lines, late ? $"ended after {limit.TotalMinutes} minutes: a test hangs" : process.ExitCode is 0 or 1 ? "" : $"ended with {process.ExitCode}");
}

internal sealed record Project(string Name, string Directory)
{
    public string Program => Path.Combine(Directory, "bin/Release/net10.0", $"Cozy.Fleet.{Name}");
}

internal sealed record Result(Project Project, string Log, int Passed, int Failed, int Skipped, string Details)
{
    private static readonly Regex Summary = new(@"Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+), Not Run: (\d+)");

    /// <summary>A project that says no summary, or that has no test, counts as one failure: silence is not success.</summary>
    public static Result Read(Project project, string log, List<string> output, string end)
    {
        var found = output.Select(line => Summary.Match(line)).LastOrDefault(match => match.Success);
        if (found is null)
            return new(project, log, 0, 1, 0, $"No summary: {(end == "" ? "the log tells" : end)}.\n{string.Join('\n', Lines.Unfinished(output))}");
        int Number(int group) => int.Parse(found.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
        var (total, failed, skipped, notRun) = (Number(1), Number(2) + Number(3), Number(4), Number(5));
        if (total == 0)
            return new(project, log, 0, 1, 0, "There is no test in it.");
        var details = string.Join('\n', Lines.Blocks(output, "[FAIL]").SelectMany(block => block));
        return end != "" && failed == 0
            ? new(project, log, total - skipped - notRun, 1, skipped, $"All passed, but the process {end}.\n{string.Join('\n', output.TakeLast(30))}")
            : new(project, log, total - failed - skipped - notRun, failed, skipped, details);
    }
}

internal static class Lines
{
    /// <summary>The lines that end with the mark, each with the deeper ones that follow.</summary>
    public static IEnumerable<List<string>> Blocks(List<string> lines, string mark)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            if (!lines[i].EndsWith(mark, StringComparison.Ordinal))
                continue;
            var depth = Depth(lines[i]);
            yield return [lines[i], .. lines.Skip(i + 1).TakeWhile(line => line.Length == 0 || Depth(line) > depth)];
        }
    }

    /// <summary>The tests that began and did not end, then what was said last.</summary>
    public static IEnumerable<string> Unfinished(List<string> lines)
    {
        const string Begin = " [STARTING]";
        var ended = lines.Where(line => line.Contains(" [FINISHED]", StringComparison.Ordinal)).Select(line => line[..line.IndexOf(" [FINISHED]", StringComparison.Ordinal)]);
        var begun = lines.Where(line => line.EndsWith(Begin, StringComparison.Ordinal)).Select(line => line[..^Begin.Length]);
        return [.. begun.Except(ended).Select(test => $"Not finished: {test.Trim()}"), .. lines.TakeLast(10)];
    }

    private static int Depth(string line) => line.TakeWhile(c => c == ' ').Count();
}
