using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>Waiting in the wrong way, and failures that nobody hears of.</summary>
internal static class Calls
{
    /// <summary>A thread that waits for a task: the pool starves, and the exception comes wrapped.</summary>
    public static IEnumerable<Violation> Blocking(SourceFile file)
    {
        foreach (var access in file.Syntax.DescendantNodes().OfType<MemberAccessExpressionSyntax>())
        {
            var called = access.Parent is InvocationExpressionSyntax invocation && invocation.Expression == access;
            var advice = (access.Name.Identifier.Text, called) switch
            {
                ("Result", false) => ".Result waits for a task; await it (or, for a value of our own, find a better name)",
                ("Wait", true) => ".Wait() blocks the thread; await it",
                ("Sleep", true) when Ends(access.Expression, "Thread") => "Thread.Sleep: wait for an event, or use the TimeProvider",
                _ => null,
            };
            if (advice is not null)
                yield return file.At(access.Name, advice);
        }
    }

    /// <summary>An exception in an async void method ends the process.</summary>
    public static IEnumerable<Violation> AsyncVoid(SourceFile file) => file.Syntax.DescendantNodes()
        .Where(node => node switch
        {
            MethodDeclarationSyntax method => IsAsyncVoid(method.Modifiers, method.ReturnType),
            LocalFunctionStatementSyntax local => IsAsyncVoid(local.Modifiers, local.ReturnType),
            _ => false,
        })
        .Select(node => file.At(node, "async void: return a task, so that somebody sees its exception"));

    public static IEnumerable<Violation> EmptyCatch(SourceFile file) => file.Syntax.DescendantNodes().OfType<CatchClauseSyntax>()
        .Where(clause => clause.Block.Statements.Count == 0)
        .Select(clause => file.At(clause, "an empty catch: count it, log it, or say in the return value that it happened"));

    /// <summary>Tests wait for events; a delay is only one when a clock that the test moves is its argument.</summary>
    public static IEnumerable<Violation> SleepInTest(SourceFile file)
    {
        foreach (var call in file.Syntax.DescendantNodes().OfType<InvocationExpressionSyntax>())
        {
            if (call.Expression is not MemberAccessExpressionSyntax access)
                continue;
            var sleeps = access.Name.Identifier.Text switch
            {
                "Sleep" => Ends(access.Expression, "Thread"),
                "Delay" => Ends(access.Expression, "Task") && !call.ArgumentList.Arguments.Any(IsClock),
                _ => false,
            };
            if (sleeps)
                yield return file.At(call, $"{access}: await what the test waits for (WaitAsync has the time limit), or move a fake clock");
        }
    }

    private static bool IsAsyncVoid(SyntaxTokenList modifiers, TypeSyntax returns) =>
        modifiers.Any(SyntaxKind.AsyncKeyword) && returns is PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword };

    private static bool IsClock(ArgumentSyntax argument) =>
        argument.Expression is IdentifierNameSyntax or MemberAccessExpressionSyntax
        && argument.ToString() is var text && !text.StartsWith("TimeProvider.", StringComparison.Ordinal)
        && (text.EndsWith("clock", StringComparison.OrdinalIgnoreCase) || text.EndsWith("timeProvider", StringComparison.OrdinalIgnoreCase));

    // `Thread`, `Threading.Thread` and `System.Threading.Thread` are the same.
    private static bool Ends(ExpressionSyntax expression, string name) =>
        expression.ToString() is var text && (text == name || text.EndsWith("." + name, StringComparison.Ordinal));
}
