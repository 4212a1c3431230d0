using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Init;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`cluster`: made by questions or taken over, its credentials and configs, and waiting until it runs.</summary>
internal static class ClusterCommands
{
    public static Command Create(Shell shell) =>
        new("cluster", "Makes a cluster, hands out its credentials, shows its configs, or waits until it runs.")
    {
        InitCommand.Create(shell), Kubeconfig(shell), Talosconfig(shell), ClusterConfig.Create(shell), ClusterImport.Create(shell),
        ClusterSnapshot.Create(shell),
        OperationCommands.Defragment(shell), OperationCommands.RemoveMember(shell), ClusterWait.Create(shell),
    };

    private static Command Kubeconfig(Shell shell)
    {
        var (name, ttl, file) = (Parameters.Name(), Ttl(), OutputFile());
        return new Command("kubeconfig", "A kubeconfig with a client certificate of its own.") { name, ttl, file }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var request = new GetKubeconfigRequest
                {
                    Name = arguments.GetRequiredValue(name), TtlSeconds = (long)arguments.GetValue(ttl).TotalSeconds,
                };
                var made = await Client(session).GetKubeconfigAsync(request, cancellationToken: cancellation);
                return await GiveAsync(session, made.Kubeconfig, arguments.GetValue(file));
            }));
    }

    private static Command Talosconfig(Shell shell)
    {
        var (name, ttl, file) = (Parameters.Name(), Ttl(), OutputFile());
        var role = new Option<string>("--role")
        {
            Description = "os:reader, os:operator or os:admin.", HelpName = "ROLE",
            DefaultValueFactory = _ => "os:reader"
        };
        return new Command("talosconfig", "A talosconfig with a client certificate of its own.") { name, ttl, role, file }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var request = new GetTalosconfigRequest
                {
                    Name = arguments.GetRequiredValue(name),
                    TtlSeconds = (long)arguments.GetValue(ttl).TotalSeconds,
                    Role = arguments.GetRequiredValue(role),
                };
                var made = await Client(session).GetTalosconfigAsync(request, cancellationToken: cancellation);
                return await GiveAsync(session, made.Talosconfig, arguments.GetValue(file));
            }));
    }

    private static async Task<int> GiveAsync(Session session, string text, string? file)
    {
        if (file is null)
        {
            await session.Output.WriteAsync(text);
            await session.Output.FlushAsync();
            return ExitCode.Ok;
        }
        await SecretFile.WriteAsync(file, text);
        await session.Terminal.Error.WriteLineAsync($"Wrote {file}, readable by you alone.");
        return ExitCode.Ok;
    }

    private static Option<TimeSpan> Ttl() => Parameters.Span("--ttl", "How long the certificate is valid; without it 12h.");

    private static Option<string?> OutputFile() => new("--output", "-o")
    {
        Description = "Write to this file with mode 0600 instead of standard output.", HelpName = "FILE",
    };

    private static ClusterService.ClusterServiceClient Client(Session session) => new(session.Calls);
}
