using Cozy.Fleet.Cli.Hosting;

namespace Cozy.Fleet.Cli.Connect;

/// <summary>Finds the context file: the option, the environment, the home directory, the coordinator's own directory.</summary>
internal static class ContextPlace
{
    public const string Variable = "COZY_FLEET_CONTEXT";

    /// <param name="option">What `--context` said, or null.</param>
    public static string Find(string? option, Func<string, string?> environment)
    {
        if ((option ?? NotEmpty(environment(Variable))) is { } named)
            return named;
        var places = Places(environment).ToArray();
        return places.FirstOrDefault(File.Exists) ?? throw new Failure(
            ExitCode.Usage,
            $"There is no context file at {string.Join(" or ", places)}; name one with --context FILE or ${Variable} "
            + "(the coordinator writes admin.yaml into its data directory).");
    }

    private static IEnumerable<string> Places(Func<string, string?> environment)
    {
        var home = NotEmpty(environment("HOME")) ?? "/root";
        yield return Path.Combine(home, ".config/cozyfleet/context.yaml");
        var data = NotEmpty(environment("XDG_DATA_HOME")) ?? Path.Combine(home, ".local/share");
        yield return Path.Combine(data, "cozy-fleet/admin.yaml");
    }

    private static string? NotEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
