using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.MachineConfig.Images;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`image`: what images are made of.</summary>
internal static class ImageCommands
{
    public static Command Create(Shell shell) => new("image", "Tells about what images are made of.") { SchematicId(shell) };

    // Asks nobody: a context file is not needed.
    private static Command SchematicId(Shell shell)
    {
        var file = new Option<string>("--filename", "-f")
        {
            Description = "The schematic's YAML file, or - for standard input.", HelpName = "FILE", Required = true,
        };
        return new Command("schematic", "The Image Factory's id of a schematic.") { file }.With(async (arguments, cancellation) =>
        {
            var name = arguments.GetRequiredValue(file);
            if (!Schematic.TryRead(await ReadAsync(shell.Terminal, name, cancellation), name, out var schematic, out var refusals))
                throw new Failure(ExitCode.Usage, "The schematic has no id:", refusals);
            await shell.Terminal.Output.WriteLineAsync(schematic.Id);
            return ExitCode.Ok;
        });
    }

    private static async Task<string> ReadAsync(Terminal terminal, string name, CancellationToken cancellation)
    {
        try
        {
            return name == "-" ? await terminal.Input.ReadToEndAsync(cancellation) : await File.ReadAllTextAsync(name, cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ExitCode.Usage, $"{name} cannot be read: {error.Message}");
        }
    }
}
