using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>Work that was put off without a place where it is remembered.</summary>
internal static partial class Leftovers
{
    private const string Advice = "names no issue: write its number (#12) beside it, or do it";

    /// <summary>Comments of C#, whole lines of everything else.</summary>
    public static IEnumerable<Violation> UnnumberedNotes(SourceFile file) => file.Path.EndsWith(".cs", StringComparison.Ordinal)
        ? InComments(file)
        : InLines(file.Path, file.Text, firstLine: 1);

    /// <summary>A test that never runs proves nothing; <c>Assert.SkipUnless</c> says what the machine lacks.</summary>
    public static IEnumerable<Violation> SkippedTests(SourceFile file) => file.Syntax.DescendantNodes().OfType<AttributeArgumentSyntax>()
        .Where(argument => argument.NameEquals?.Name.Identifier.Text is "Skip" or "Explicit")
        .Select(argument => file.At(argument, $"{argument}: delete the test or make it run"));

    private static IEnumerable<Violation> InComments(SourceFile file) => file.Syntax.DescendantTrivia(descendIntoTrivia: false)
        .Where(trivia => trivia.Kind() is SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia
            or SyntaxKind.SingleLineDocumentationCommentTrivia or SyntaxKind.MultiLineDocumentationCommentTrivia)
        .SelectMany(trivia => InLines(file.Path, trivia.ToFullString(), SourceFile.LineOf(trivia.GetLocation())));

    private static IEnumerable<Violation> InLines(string path, string text, int firstLine) => text.Split('\n')
        .Select((line, index) => (Line: line, Number: firstLine + index))
        .Where(l => Note().IsMatch(l.Line) && !IssueNumber().IsMatch(l.Line))
        .Select(l => new Violation(path, l.Number, $"{Note().Match(l.Line).Value} {Advice}"));

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|XX" + @"X)\b")]
    private static partial Regex Note();

    [GeneratedRegex(@"#\d+")]
    private static partial Regex IssueNumber();
}
