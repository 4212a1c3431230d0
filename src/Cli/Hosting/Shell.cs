using System.CommandLine;
using Cozy.Fleet.Cli.Connect;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Hosting;

/// <summary>What a command does with the coordinator; it returns the exit code.</summary>
internal delegate Task<int> SessionAction(Session session, ParseResult arguments, CancellationToken cancellation);

/// <summary>Gives commands a session, and turns failed calls into sentences.</summary>
internal sealed class Shell(Terminal terminal)
{
    public Option<string?> Context { get; } = new("--context")
    {
        Description = $"The context file: endpoint, ca, certificate and key. Default: ${ContextPlace.Variable}, then "
            + "~/.config/cozyfleet/context.yaml, then the admin.yaml of a coordinator on this host.",
        HelpName = "FILE",
        Recursive = true,
    };

    public Terminal Terminal => terminal;

    public Func<ParseResult, CancellationToken, Task<int>> Run(SessionAction action) => async (arguments, cancellation) =>
    {
        var context = ContextFile.Read(ContextPlace.Find(arguments.GetValue(Context), terminal.Environment));
        using var connection = Connection.Open(context, terminal.Time);
        try
        {
            return await action(new Session(terminal, connection), arguments, cancellation);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Cancelled && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException("The command was interrupted.", error, cancellation);
        }
        catch (RpcException error)
        {
            throw connection.Explain(error);
        }
    };
}
