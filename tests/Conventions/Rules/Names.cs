using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>Words that say nothing about a type.</summary>
internal static partial class Names
{
    private static readonly string[] Banned = ["Manager", "Managers", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Impl"];

    public static IEnumerable<Violation> EmptyWords(SourceFile file)
    {
        foreach (var type in file.Syntax.DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
        {
            if (Word().Matches(type.Identifier.Text).FirstOrDefault(w => Banned.Contains(w.Value)) is { } word)
                yield return file.At(type, $"{type.Identifier.Text}: what does it do? '{word.Value}' does not say it");
        }
    }

    [GeneratedRegex("[A-Z][a-z0-9]*")]
    private static partial Regex Word();
}
