using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`get`: one resource or a list of them, in four forms.</summary>
internal static class GetCommand
{
    public static Command Create(Shell shell)
    {
        var (kind, filter, output) = (Parameters.Kind(), Parameters.Filter(), Parameters.Output("table", "json", "yaml", "name"));
        var name = new Argument<string?>("NAME") { Description = "Only this one.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("get", "Shows resources.") { kind, name, filter, output };
        return command.With(shell.Run(async (session, arguments, cancellation) =>
        {
            var wanted = KindTable.Named(arguments.GetRequiredValue(kind));
            var (one, form) = (arguments.GetValue(name), arguments.GetRequiredValue(output));
            if (one is not null && arguments.GetRequiredValue(filter) != "")
                throw new Failure(ExitCode.Usage, "Say either a name or a filter.");
            IReadOnlyList<IMessage> found = one is null
                ? await session.Resources.ListAsync(wanted, arguments.GetRequiredValue(filter), cancellation)
                : [await session.Resources.GetAsync(wanted, one, cancellation)];
            if (found.Count == 0 && form == "table")
                await session.Terminal.Error.WriteLineAsync(
                    $"There are no {wanted.Plural}{(arguments.GetRequiredValue(filter) == "" ? "" : " that match")}.");
            await session.PrintAsync(one is not null && form == "json" ? [Json.One(found[0])]
                : Lines(wanted, found, form, session.Terminal.Now()));
            return ExitCode.Ok;
        }));
    }

    private static IEnumerable<string> Lines(Kind kind, IReadOnlyList<IMessage> found, string form, DateTimeOffset now) => form switch
    {
        "json" => [Json.List(found)],
        "yaml" => found.SelectMany((resource, index) => index == 0
            ? [Yaml.Document(kind, resource).TrimEnd()]
            : new[] { "---", Yaml.Document(kind, resource).TrimEnd() }),
        "name" => found.Select(kind.Reference),
        _ => Table.Rows(kind, found, now),
    };
}
