using Cozy.Fleet.Cli.Files;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Output;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Cli.Init;

/// <summary>Why an answer cannot be used.</summary>
/// <param name="Field">Its path, such as <c>machines[0].disk_selector</c>; empty for the whole.</param>
/// <param name="Sentence">Without the field.</param>
internal sealed record AnswerProblem(string Field, string Sentence);

/// <summary>Answers and where each of them stands.</summary>
internal sealed record AnswersFile(ClusterAnswers Answers, Place Start, IReadOnlyDictionary<string, Place> Places)
{
    /// <exception cref="Failure">The file is no file of answers; everything that is wrong with it is said.</exception>
    public static AnswersFile Read(string file, TextReader standardInput)
    {
        var errors = new FileErrors();
        var roots = DocumentFiles.Roots(file, standardInput, errors).ToArray();
        errors.ThrowIfAny();
        if (roots is not [YamlMappingNode map])
            throw new Failure(ExitCode.Usage, $"{file} must be one YAML document: a map of answers, such as 'machines: […]'.");
        var (answers, reader) = (new ClusterAnswers(), new MessageReader(file, errors));
        reader.Fill(answers, map);
        errors.ThrowIfAny();
        return new(answers, Place.Of(file, map.Start), reader.Places);
    }

    /// <summary>The text from which <see cref="Read"/> makes the same answers.</summary>
    public static string Text(ClusterAnswers answers) => Yaml.Text(Json.Tree(answers));

    /// <exception cref="Failure">The file cannot be written.</exception>
    public static async Task WriteAsync(string path, ClusterAnswers answers)
    {
        try
        {
            await File.WriteAllTextAsync(path, Text(answers), CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ExitCode.Usage, $"{path} cannot be written: {error.Message}");
        }
    }

    /// <summary>The problem with the line of the answer, or of what is around it when there is none.</summary>
    public string Said(AnswerProblem problem)
    {
        var place = FieldPath.Outward(problem.Field).Select(path => Places.GetValueOrDefault(path)).FirstOrDefault(p => p is not null);
        return $"{place ?? Start}: {Plain(problem)}";
    }

    public static string Plain(AnswerProblem problem) =>
        problem.Field == "" ? problem.Sentence : $"{FieldPath.AsWritten(problem.Field)}: {problem.Sentence}";
}
