using System.CommandLine;
using Cozy.Fleet.Cli.Files;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Google.Protobuf;
using Grpc.Core;
using Spectre.Console;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`diff`: what `apply` would change.</summary>
internal static class DiffCommand
{
    public static Command Create(Shell shell)
    {
        var files = Parameters.Files();
        return new Command("diff", "Shows what apply would change; exits 1 when there is a difference, 2 on an error.") { files }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var isDifferent = false;
                foreach (var document in DocumentFiles.Read(arguments.GetValue(files)!, session.Terminal.Input))
                {
                    var there = await ThereAsync(session, document, cancellation);
                    var lines = Difference(document, there);
                    isDifferent |= lines.Count > 0;
                    Print(session.Terminal, lines);
                }
                return isDifferent ? ExitCode.Refused : ExitCode.Ok;
            }));
    }

    /// <summary>The difference as lines with their signs; none when both say the same.</summary>
    internal static IReadOnlyList<DiffLine> Difference(Document document, IMessage? there)
    {
        var (kind, resource) = (document.Kind, document.Resource);
        string[] before = there is null ? [] : Lines(kind, there);
        string[] after = Lines(kind, resource);
        if (before.SequenceEqual(after))
            return [];
        // Compared as they are, shown without secrets: a changed secret is a difference, too.
        var lines = LineDiff.Of(before, after);
        var shown = Shown(lines, RedactedLines.Of(before), RedactedLines.Of(after));
        return
        [
            new('-', there is null ? "-- nothing" : $"-- {kind.Reference(there)}"),
            new('+', $"++ {document.Start}"),
            .. LineDiff.Near(shown),
        ];
    }

    private static List<DiffLine> Shown(IReadOnlyList<DiffLine> lines, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var (i, j) = (0, 0);
        var shown = new List<DiffLine>(lines.Count);
        foreach (var line in lines)
        {
            shown.Add(line with { Text = line.Sign == '+' ? after[j] : before[i] });
            i += line.Sign == '+' ? 0 : 1;
            j += line.Sign == '-' ? 0 : 1;
        }
        return shown;
    }

    private static async Task<IMessage?> ThereAsync(Session session, Document document, CancellationToken cancellation)
    {
        try
        {
            return await session.Resources.FindAsync(document.Kind, document.Name, cancellation);
        }
        catch (RpcException error) when (session.Connection.Explain(error) is { Code: ExitCode.Refused } refused)
        {
            // 1 says "different": a refusal must not look like one.
            throw new Failure(ExitCode.Usage, refused.Message, refused.Details);
        }
    }

    private static string[] Lines(Kind kind, IMessage resource)
    {
        var written = OutputOnly.Written(kind, resource);
        return Yaml.Document(kind, written).TrimEnd().Split('\n');
    }

    private static void Print(Terminal terminal, IReadOnlyList<DiffLine> lines)
    {
        var canvas = terminal.Canvas();
        foreach (var line in lines)
        {
            var text = line.Sign == '@' ? line.Text : line.Sign + Output.Table.Printable(line.Text);
            if (terminal.IsInteractive)
                canvas.Write(new Text(text + "\n", Colour(line.Sign)));
            else
                terminal.Output.WriteLine(text);
        }
    }

    private static Style Colour(char sign) => sign switch
    {
        '+' => new Style(Color.Green),
        '-' => new Style(Color.Red),
        '@' => new Style(Color.Aqua),
        _ => Style.Plain,
    };
}
