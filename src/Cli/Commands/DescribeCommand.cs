using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`describe`: what a person wants to know about one resource.</summary>
internal static class DescribeCommand
{
    private const int RecentEvents = 20;

    public static Command Create(Shell shell)
    {
        var (kind, name) = (Parameters.Kind(), Parameters.Name());
        return new Command("describe", "Tells about one resource: its state, what it waits for, and recent events.") { kind, name }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var wanted = KindTable.Named(arguments.GetRequiredValue(kind));
                var found = await session.Resources.GetAsync(wanted, arguments.GetRequiredValue(name), cancellation);
                var request = new ListEventsRequest
                {
                    PageSize = RecentEvents,
                    Filter = $"subject = \"{wanted.Plural}/{Kind.Metadata(found).Name}\"",
                };
                var events = await new EventService.EventServiceClient(session.Calls)
                    .ListEventsAsync(request, cancellationToken: cancellation);
                await session.PrintAsync(Description.Of(wanted, found, events.Events, session.Terminal.Now()));
                return ExitCode.Ok;
            }));
    }
}
