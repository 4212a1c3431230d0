namespace Cozy.Fleet.Demo;

/// <summary>The demo cannot go on. The message is one sentence: what, and where.</summary>
/// <param name="log">The log that tells more; empty when none does.</param>
internal sealed class DemoFailure(string message, string log = "", Exception? cause = null) : Exception(message, cause)
{
    private const int Lines = 15;

    /// <summary>The end of the log, for the person who reads the message.</summary>
    public IEnumerable<string> LastLogLines => log != "" && File.Exists(log) ? [$"--- {log}", .. File.ReadLines(log).TakeLast(Lines)] : [];
}
