using System.CommandLine;
using Cozy.Fleet.Cli.Commands;
using Cozy.Fleet.Cli.Hosting;

namespace Cozy.Fleet.Cli.Init;

/// <summary>What was asked for on the command line.</summary>
/// <param name="Rack">Null takes the answers' or the only one.</param>
/// <param name="AnswersFile">Null asks a person.</param>
/// <param name="Directory">Where documents and credentials go.</param>
/// <param name="Limit">How long the cluster may take; zero is for ever.</param>
internal sealed record InitRequest(string Name, string? Rack, string? AnswersFile, string Directory, TimeSpan Limit)
{
    public bool WriteOnly { get; init; }

    /// <summary>Nobody is asked whether.</summary>
    public bool Yes { get; init; }
}

/// <summary>`cluster init`: from machines in maintenance mode to a cluster, by questions or by a file of answers.</summary>
internal static class InitCommand
{
    public static Command Create(Shell shell)
    {
        var name = new Argument<string>("NAME") { Description = "The new cluster's name." };
        var rack = new Option<string?>("--rack") { Description = "The rack of the machines; without it the only one.", HelpName = "RACK" };
        var answers = new Option<string?>("--answers")
        {
            Description = "A file with the answers, or - for standard input; without it you are asked.", HelpName = "FILE",
        };
        var directory = new Option<string?>("--directory")
        {
            Description = "Where cluster.yaml, kubeconfig and talosconfig go; without it DIR is the cluster's name.", HelpName = "DIR",
        };
        var writeOnly = new Option<bool>("--write-only") { Description = "Write cluster.yaml, have it checked, and stop there." };
        var yes = new Option<bool>("--yes") { Description = "Do not ask: install the machines, write over older files." };
        var limit = Parameters.Span("--timeout", "How long to wait for the cluster; without it for ever.");
        return new Command("init", "Makes a cluster of machines in maintenance mode: asks for what it needs, writes it down, and does it.")
        {
            name, rack, answers, directory, writeOnly, yes, limit,
        }.With(shell.Run((session, arguments, cancellation) =>
        {
            var cluster = arguments.GetRequiredValue(name);
            var request = new InitRequest(
                cluster, arguments.GetValue(rack), arguments.GetValue(answers), arguments.GetValue(directory) ?? cluster,
                arguments.GetValue(limit))
            {
                WriteOnly = arguments.GetValue(writeOnly), Yes = arguments.GetValue(yes),
            };
            return new InitRun(session, request).RunAsync(cancellation);
        }));
    }
}
