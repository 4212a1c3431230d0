using System.CommandLine;
using Cozy.Fleet.Cli.Connect;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`events`: what happened, oldest first, and what happens.</summary>
internal static class EventsCommand
{
    private const int Shown = 100;

    public static Command Create(Shell shell)
    {
        var (filter, output) = (Parameters.Filter(), Parameters.Output("table", "json"));
        var watch = new Option<bool>("--watch", "-w") { Description = "Go on with what happens, until Ctrl-C." };
        return new Command("events", $"Tells the last {Shown} things that happened.") { filter, output, watch }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                Func<Event, string> say = arguments.GetRequiredValue(output) == "json" ? Json.Line : EventLine.Of;
                var wanted = arguments.GetRequiredValue(filter);
                var request = new ListEventsRequest { PageSize = Shown, Filter = wanted };
                var page = await Client(session).ListEventsAsync(request, cancellationToken: cancellation);
                await session.PrintAsync(page.Events.Reverse().Select(say));
                if (arguments.GetValue(watch))
                    await FollowAsync(session, wanted, page.Events.FirstOrDefault()?.Sequence ?? 0, say, cancellation);
                return ExitCode.Ok;
            }));
    }

    private static async Task FollowAsync(
        Session session, string filter, long after, Func<Event, string> say, CancellationToken cancellation)
    {
        var seen = after;
        var stream = new ResumingStream<WatchEventsResponse>(
            session.Terminal,
            token => Client(session).WatchEvents(new() { Filter = filter, AfterSequence = seen }, cancellationToken: token),
            () => false);
        try
        {
            await foreach (var response in stream.ReadAsync(cancellation))
            {
                seen = response.Event.Sequence;
                await session.PrintAsync(say(response.Event));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Ctrl-C is how a watch ends.
        }
    }

    private static EventService.EventServiceClient Client(Session session) => new(session.Calls);
}
