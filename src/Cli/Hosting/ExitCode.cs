namespace Cozy.Fleet.Cli.Hosting;

/// <summary>What a script learns from the exit code. docs/cli.md and `--help` say the same.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>A difference was found, or the coordinator refused.</summary>
    public const int Refused = 1;

    /// <summary>The command line or a file is wrong; nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>The rollout stopped, was paused or aborted.</summary>
    public const int RolloutUnfinished = 3;

    public const int Unreachable = 4;

    public const int Timeout = 5;

    public const string Help =
        "Exit codes: 0 done; 1 a difference was found, or the coordinator refused; 2 wrong command line or file; "
        + "3 the rollout did not finish as asked; 4 the coordinator cannot be reached; 5 the time was up.";
}
