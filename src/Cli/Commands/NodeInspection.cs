using System.CommandLine;
using System.Text;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`node logs`, `dmesg`, `services` and `support`: what a node shows of itself.</summary>
internal static class NodeInspection
{
    public static Command Logs(Shell shell)
    {
        var (name, follow) = (Parameters.Name(), Follow());
        var service = new Argument<string>("SERVICE")
        {
            Description = "A Talos service, such as kubelet or etcd; without it machined.", DefaultValueFactory = _ => "",
        };
        var tail = new Option<int>("--tail") { Description = "Only so many lines from the end.", HelpName = "N" };
        return new Command("logs", "The log of one of the node's Talos services.") { name, service, follow, tail }
            .With(shell.Run((session, arguments, cancellation) =>
            {
                var request = new ReadNodeLogsRequest
                {
                    Name = arguments.GetRequiredValue(name), Service = arguments.GetValue(service) ?? "",
                    TailLines = arguments.GetValue(tail), Follow = arguments.GetValue(follow),
                };
                return ShowAsync(
                    session, Client(session).ReadNodeLogs(request, cancellationToken: cancellation), piece => piece.Data, cancellation);
            }));
    }

    public static Command Dmesg(Shell shell)
    {
        var (name, follow) = (Parameters.Name(), Follow());
        var kept = new Option<bool>("--kept")
        {
            Description = "What the rack's agent kept of the lines that the node sent it, also while the node is down.",
        };
        return new Command("dmesg", "The messages of the node's kernel.") { name, follow, kept }
            .With(shell.Run((session, arguments, cancellation) =>
            {
                var request = new ReadNodeDmesgRequest
                {
                    Name = arguments.GetRequiredValue(name), Follow = arguments.GetValue(follow), Kept = arguments.GetValue(kept),
                };
                return ShowAsync(
                    session, Client(session).ReadNodeDmesg(request, cancellationToken: cancellation), piece => piece.Data, cancellation);
            }));
    }

    public static Command Services(Shell shell)
    {
        var name = Parameters.Name();
        return new Command("services", "The node's Talos services and their health.") { name }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var request = new ListNodeServicesRequest { Name = arguments.GetRequiredValue(name) };
                var found = await Client(session).ListNodeServicesAsync(request, cancellationToken: cancellation);
                await session.PrintAsync(Table.Rows(["SERVICE", "STATE", "HEALTHY", "MESSAGE"], found.Services.Select(service => (string[])
                    [service.Id, service.State, service.HasHealthy ? Words.YesNo(service.Healthy) : "", service.Message])));
                return ExitCode.Ok;
            }));
    }

    public static Command Support(Shell shell)
    {
        var (name, file) = (Parameters.Name(), Parameters.PrivateFile());
        return new Command("support",
            "A ZIP archive for a person to read: version, services, logs, resources. Keys and tokens are hidden.") { name, file }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var (request, path) = (new CollectNodeSupportRequest { Name = arguments.GetRequiredValue(name) },
                    arguments.GetRequiredValue(file));
                using var call = Client(session).CollectNodeSupport(request, cancellationToken: cancellation);
                await SecretFile.WriteAsync(path, async archive =>
                {
                    await foreach (var piece in call.ResponseStream.ReadAllAsync(cancellation))
                        await archive.WriteAsync(piece.Data.Memory, cancellation);
                });
                await session.PrintAsync($"Wrote {path}, readable by you alone.");
                return ExitCode.Ok;
            }));
    }

    private static async Task<int> ShowAsync<T>(
        Session session, AsyncServerStreamingCall<T> reading, Func<T, ByteString> data, CancellationToken cancellation)
    {
        using var call = reading;
        var text = new PieceText();
        try
        {
            await foreach (var piece in call.ResponseStream.ReadAllAsync(cancellation))
            {
                await session.Output.WriteAsync(text.Add(data(piece).Span));
                await session.Output.FlushAsync(cancellation);
            }
        }
        catch (RpcException over) when (over.StatusCode == StatusCode.Cancelled && cancellation.IsCancellationRequested)
        {
            // Ctrl-C is how following ends.
        }
        return ExitCode.Ok;
    }

    private static Option<bool> Follow() =>
        new("--follow", "-f") { Description = "Go on with what is written from now on, until Ctrl-C." };

    private static NodeService.NodeServiceClient Client(Session session) => new(session.Calls);

    // Pieces end where they end, also within a character. What a node writes must not steer the operator's terminal.
    private sealed class PieceText
    {
        private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

        public string Add(ReadOnlySpan<byte> bytes)
        {
            var letters = new char[decoder.GetCharCount(bytes, flush: false)];
            decoder.GetChars(bytes, letters, flush: false);
            for (var i = 0; i < letters.Length; i++)
            {
                if (char.IsControl(letters[i]) && letters[i] is not ('\n' or '\t'))
                    letters[i] = ' ';
            }
            return new(letters);
        }
    }
}
