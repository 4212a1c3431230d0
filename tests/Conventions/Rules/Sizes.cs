using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>How long files, lines and functions may be.</summary>
internal static class Sizes
{
    public const int FileLines = 500;
    public const int LineColumns = 160;
    public const int MethodLines = 70;

    public static IEnumerable<Violation> LongFile(SourceFile file)
    {
        if (file.Lines.Length > FileLines)
            yield return file.At(FileLines + 1, $"{file.Lines.Length} lines; {FileLines} are allowed. Which idea can have a file of its own?");
    }

    public static IEnumerable<Violation> LongLines(SourceFile file)
    {
        for (var i = 0; i < file.Lines.Length; i++)
        {
            if (file.Lines[i].Length > LineColumns)
                yield return file.At(i + 1, $"{file.Lines[i].Length} columns; {LineColumns} are allowed");
        }
    }

    public static IEnumerable<Violation> LongMethods(SourceFile file)
    {
        foreach (var node in file.Syntax.DescendantNodes())
        {
            var name = node switch
            {
                MethodDeclarationSyntax method => method.Identifier.Text,
                ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
                OperatorDeclarationSyntax operation => operation.OperatorToken.Text,
                AccessorDeclarationSyntax accessor => accessor.Keyword.Text,
                LocalFunctionStatementSyntax local => local.Identifier.Text,
                _ => null,
            };
            if (name is not null && LengthOf(node) is > MethodLines and var lines)
                yield return file.At(node, $"{name} has {lines} lines; {MethodLines} are allowed");
        }
    }

    private static int LengthOf(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }
}
