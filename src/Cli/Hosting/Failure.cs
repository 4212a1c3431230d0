namespace Cozy.Fleet.Cli.Hosting;

/// <summary>The command ends here: one sentence for stderr, a line for each detail, and the exit code.</summary>
internal sealed class Failure : Exception
{
    public Failure()
        : this(ExitCode.Refused, "")
    {
    }

    public Failure(string message)
        : this(ExitCode.Refused, message)
    {
    }

    public Failure(string message, Exception innerException)
        : base(message, innerException) => Code = ExitCode.Refused;

    public Failure(int code, string sentence, params IReadOnlyList<string> details)
        : base(sentence) => (Code, Details) = (code, details);

    public int Code { get; }

    public IReadOnlyList<string> Details { get; } = [];
}
