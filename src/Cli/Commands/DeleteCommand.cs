using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`delete`: one resource by name.</summary>
internal static class DeleteCommand
{
    public static Command Create(Shell shell)
    {
        var (kind, name) = (Parameters.Kind(), Parameters.Name());
        return new Command("delete", "Deletes a resource; nothing is written to a machine by it.") { kind, name }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var wanted = KindTable.Named(arguments.GetRequiredValue(kind));
                if (!wanted.CanDelete)
                {
                    throw new Failure(ExitCode.Usage, wanted == KindTable.Node
                        ? "Nodes cannot be deleted; use `node reject NAME` to leave a machine alone for ever."
                        : "Rollouts cannot be deleted; use `rollout abort NAME` to end one.");
                }
                await session.Resources.DeleteAsync(wanted, arguments.GetRequiredValue(name), cancellation);
                await session.PrintAsync($"{wanted.Reference(arguments.GetRequiredValue(name))} deleted");
                return ExitCode.Ok;
            }));
    }
}
