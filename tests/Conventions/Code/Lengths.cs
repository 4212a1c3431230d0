using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Cozy.Fleet.Conventions.Code;

/// <summary>How long things may be: what does not fit on a screen is not read.</summary>
internal static class Lengths
{
    public const int LongestFile = 500;
    public const int FileWithoutReason = 300;
    public const int LongestFunction = 70;
    public const int LongestLine = 180;
    public const int WideLine = 140;

    /// <summary>The share of lines that may be wider than <see cref="WideLine"/>: 120 to 140 columns is the habit, some are better wide.</summary>
    public const double WideShare = 0.01;

    /// <summary>Files above 300 lines, each with why it is one idea.</summary>
    public static readonly IReadOnlyDictionary<string, string> LongFiles = new Dictionary<string, string>();

    public static IEnumerable<Finding> OfFile(SourceFile file, IReadOnlyDictionary<string, string> reasons)
    {
        if (file.Lines.Count > LongestFile)
            yield return new(file.Path, LongestFile, $"{file.Lines.Count} lines; a file ends at {LongestFile}");
        else if (file.Lines.Count > FileWithoutReason && !reasons.ContainsKey(file.Path))
            yield return new(file.Path, FileWithoutReason, $"{file.Lines.Count} lines; above {FileWithoutReason} it needs a reason in Lengths.LongFiles");
    }

    public static IEnumerable<Finding> OfLines(SourceFile file) =>
        from line in file.Lines.Index()
        where line.Item.Length > LongestLine
        select new Finding(file.Path, line.Index + 1, $"{line.Item.Length} columns; a line ends at {LongestLine}");

    public static IEnumerable<Finding> OfFunctions(SourceFile file) =>
        from function in Functions(file)
        let length = LinesOf(function)
        where length > LongestFunction
        select file.At(function.GetLocation(), $"a function of {length} lines; it ends at {LongestFunction}");

    public static int WideLines(SourceFile file) => file.Lines.Count(line => line.Length > WideLine);

    // A local function counts by itself and with the one around it.
    private static IEnumerable<SyntaxNode> Functions(SourceFile file) => file.Nodes<SyntaxNode>().Where(node => node
        is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax or AnonymousFunctionExpressionSyntax);

    private static int LinesOf(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }
}
