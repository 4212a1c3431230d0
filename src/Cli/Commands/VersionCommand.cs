using System.CommandLine;
using System.Reflection;
using Cozy.Fleet.Cli.Hosting;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`version`: this program's own.</summary>
internal static class VersionCommand
{
    public static Command Create(Shell shell) => new Command("version", "Says which version this program is.").With(async (_, _) =>
    {
        var version = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        await shell.Terminal.Output.WriteLineAsync($"cozyfleet {version.Split('+')[0]}");
        return ExitCode.Ok;
    });
}
