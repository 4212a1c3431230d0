using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Cozy.Fleet.Conventions.Code;

/// <summary>
/// What code does not do here. Product code has more rules in eng/BannedSymbols.txt, which knows types; these are of the kind
/// that syntax shows, and hold for tests too.
/// </summary>
internal static partial class CodeRules
{
    public static IEnumerable<Finding> All(SourceFile file) =>
        [.. AsyncVoid(file), .. Blocking(file), .. Sleeping(file), .. Swallowing(file), .. OpenEnds(file), .. EmptyNames(file)];

    private static IEnumerable<Finding> AsyncVoid(SourceFile file)
    {
        const string What = "async void loses its exceptions: return a Task";
        var methods = file.Nodes<MethodDeclarationSyntax>().Where(method => IsAsyncVoid(method.Modifiers, method.ReturnType));
        var locals = file.Nodes<LocalFunctionStatementSyntax>().Where(local => IsAsyncVoid(local.Modifiers, local.ReturnType));
        return methods.Select(method => file.At(method.Identifier.GetLocation(), What))
            .Concat(locals.Select(local => file.At(local.Identifier.GetLocation(), What)));
    }

    private static bool IsAsyncVoid(SyntaxTokenList modifiers, TypeSyntax type) =>
        modifiers.Any(SyntaxKind.AsyncKeyword) && type is PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword };

    private static IEnumerable<Finding> Blocking(SourceFile file) =>
        from call in file.Nodes<InvocationExpressionSyntax>()
        where call is { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "Wait" }, ArgumentList.Arguments.Count: 0 }
        select file.At(call.GetLocation(), "a blocked thread is one less for everybody: await it");

    private static IEnumerable<Finding> Sleeping(SourceFile file)
    {
        var sleeps = file.Nodes<InvocationExpressionSyntax>().Where(call => Calls(call, "Thread", "Sleep"));
        // A delay that races against something is a time limit; one that is awaited is a sleep.
        var delays = file.Nodes<AwaitExpressionSyntax>().Where(wait => file.IsTest
            && wait.Expression.DescendantNodesAndSelf(node => node is not ArgumentListSyntax)
                .OfType<InvocationExpressionSyntax>().Any(call => Calls(call, "Task", "Delay")));
        return sleeps.Concat<SyntaxNode>(delays).Select(node => file.At(node.GetLocation(), "no sleeps: wait for an event"));
    }

    private static bool Calls(InvocationExpressionSyntax call, string type, string method) =>
        call.Expression is MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax owner } access
        && owner.Identifier.Text == type && access.Name.Identifier.Text == method;

    private static IEnumerable<Finding> Swallowing(SourceFile file) =>
        from handler in file.Nodes<CatchClauseSyntax>()
        where handler.Block.Statements.Count == 0 && !handler.Block.DescendantTrivia().Any(trivia => trivia.IsKind(SyntaxKind.SingleLineCommentTrivia))
        select file.At(handler.GetLocation(), "an exception disappears here: handle it, or say in a comment why it is nothing");

    private static IEnumerable<Finding> OpenEnds(SourceFile file) =>
        from comment in file.Comments()
        where OpenEnd().IsMatch(comment.ToString())
        select file.At(comment.GetLocation(), "an open end needs the number of its issue: TODO(#12)");

    private static IEnumerable<Finding> EmptyNames(SourceFile file) =>
        from type in file.Nodes<BaseTypeDeclarationSyntax>()
        where EmptyName().IsMatch(type.Identifier.Text)
        select file.At(type.Identifier.GetLocation(), $"'{type.Identifier.Text}' does not say what it is: name the thing");

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b(?!\s*\(?#\d+)")]
    private static partial Regex OpenEnd();

    [GeneratedRegex("(Manager|Helpers?|Utils?|Utilities|Impl)$")]
    private static partial Regex EmptyName();
}
