using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Cozy.Fleet.Conventions;

/// <summary>One file's text, and what a rule says about a place in it.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    private string[]? lines;
    private SyntaxNode? syntax;

    public string[] Lines => lines ??= Text.TrimEnd('\n').Split('\n');

    public SyntaxNode Syntax => syntax ??= CSharpSyntaxTree.ParseText(Text, new CSharpParseOptions(LanguageVersion.Latest)).GetRoot();

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public Violation At(int line, string message) => new(Path, line, message);

    public Violation At(SyntaxNode node, string message) => At(LineOf(node.GetLocation()), message);

    public static int LineOf(Location location) => location.GetLineSpan().StartLinePosition.Line + 1;
}

/// <summary>A broken rule: where, and what to do about it.</summary>
internal sealed record Violation(string Path, int Line, string Message)
{
    public override string ToString() => $"{Path}:{Line}: {Message}";
}
