using System.CommandLine;
using Cozy.Fleet.Cli.Files;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`apply`: makes the fleet say what the files say.</summary>
internal static class ApplyCommand
{
    public static Command Create(Shell shell)
    {
        var files = Parameters.Files();
        var dryRun = new Option<bool>("--dry-run") { Description = "Let the coordinator check everything and change nothing." };
        return new Command("apply",
            "Creates and changes resources from files; images first, then racks, nodes, fleet patches, clusters and rollouts.") { files, dryRun }
            .With(shell.Run((session, arguments, cancellation) =>
                ApplyAsync(session, arguments.GetValue(files)!, arguments.GetValue(dryRun), cancellation)));
    }

    private static async Task<int> ApplyAsync(Session session, string[] files, bool dryRun, CancellationToken cancellation)
    {
        var documents = DocumentFiles.Read(files, session.Terminal.Input);
        var refusals = new DocumentRefusals();
        foreach (var document in documents)
        {
            // A refused document does not keep the others from being said: the operator wants to see all that is wrong.
            if (await refusals.CollectAsync(document, () => WriteAsync(session, document, dryRun, cancellation)) is { } outcome)
                await session.PrintAsync($"{document.Kind.Reference(document.Resource)} {outcome}{(dryRun ? " (dry run)" : "")}");
        }
        refusals.ThrowIfAny(documents.Count);
        return ExitCode.Ok;
    }

    /// <summary>Makes the fleet say what one document says; returns what became of it.</summary>
    public static async Task<string> WriteAsync(Session session, Document document, bool dryRun, CancellationToken cancellation)
    {
        var (kind, resource) = (document.Kind, document.Resource);
        var before = await session.Resources.FindAsync(kind, document.Name, cancellation);
        if (before is null && !kind.CanCreate)
            throw new DocumentRefusal(
                $"there is no {kind.Singular} '{document.Name}': it appears by itself when the machine boots from its rack's agent");
        if (before is null && !kind.CanUpdate)
        {
            await session.Resources.CreateAsync(kind, resource, dryRun, cancellation);
            return "created";
        }
        if (!kind.CanUpdate)
        {
            return Same(kind, before!, resource) ? "unchanged"
                : throw new DocumentRefusal(
                    $"{kind.Reference(resource)} is there already and does not change any more; give the new one another name");
        }
        // A node is found by a prefix or its hostname, too, but written by its name only.
        if (before is not null)
            Kind.Metadata(resource).Name = Kind.Metadata(before).Name;
        var after = await session.Resources.UpdateAsync(kind, resource, dryRun, cancellation);
        return before is null ? "created" : Same(kind, before, after) ? "unchanged" : "configured";
    }

    private static bool Same(Kind kind, Google.Protobuf.IMessage one, Google.Protobuf.IMessage other) =>
        OutputOnly.Written(kind, one).Equals(OutputOnly.Written(kind, other));
}
