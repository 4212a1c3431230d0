using System.Text.RegularExpressions;

namespace Cozy.Fleet.Simulator.Firmware;

/// <summary>What a script led to.</summary>
public abstract record IpxeResult
{
    private IpxeResult()
    {
    }

    /// <summary>A kernel with its initramfs images and its command line.</summary>
    public sealed record Boot(string Kernel, IReadOnlyList<string> Initrds, string CommandLine) : IpxeResult;

    /// <summary>exit or sanboot: the disk is next.</summary>
    public sealed record Disk : IpxeResult;

    /// <summary>reboot: from the start.</summary>
    public sealed record Reboot : IpxeResult;

    /// <summary>Another script, after what was waited for.</summary>
    public sealed record Chain(string Url, double WaitSeconds) : IpxeResult;
}

/// <summary>
/// Interprets the part of iPXE's script language that boot servers use (netboot.md 14.5). An unknown command fails the boot as
/// it would on a real machine.
/// </summary>
/// <param name="settings">What <c>${…}</c> stands for.</param>
/// <param name="fetch">Loads a URL; false when it failed, as iPXE's commands do.</param>
public sealed partial class IpxeScript(
    IReadOnlyDictionary<string, string> settings, Func<string, CancellationToken, Task<bool>> fetch)
{
    private static readonly string[] NeedArgument = ["sleep", "set", "inc", "goto", "kernel", "initrd", "chain", "choose"];

    private readonly Dictionary<string, string> variables = new(settings);
    private readonly List<string> initrds = [];
    private string kernel = "";
    private string commandLine = "";
    private double waited;

    /// <exception cref="FormatException">It is not a script, or holds something that iPXE would refuse.</exception>
    public async Task<IpxeResult> RunAsync(string text, CancellationToken cancellation)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        if (lines[0].Trim() != "#!ipxe")
            throw new FormatException("A script starts with #!ipxe.");
        var (at, steps) = (1, 0);
        while (at < lines.Length)
        {
            if (++steps > 1000)
                throw new FormatException("The script runs in a circle.");
            var (result, jump) = await LineAsync(lines[at].Trim(), cancellation);
            if (result is not null)
                return result;
            at = jump is null ? at + 1 : LabelAt(lines, jump);
        }
        return new IpxeResult.Disk(); // The end of a script is like exit.
    }

    private static int LabelAt(string[] lines, string label)
    {
        var at = Array.FindIndex(lines, line => line.Trim() == ":" + label);
        return at >= 0 ? at : throw new FormatException($"There is no label '{label}'.");
    }

    // Commands joined by || and &&: the only error handling there is.
    private async Task<(IpxeResult? Result, string? Jump)> LineAsync(string line, CancellationToken cancellation)
    {
        if (line == "" || line.StartsWith('#') || line.StartsWith(':'))
            return default;
        var succeeded = true;
        foreach (var (link, command) in Commands(line))
        {
            if (link is "||" == succeeded && link != "")
                continue;
            (succeeded, var result, var jump) = await CommandAsync(Expand(command).Trim(), cancellation);
            if (result is not null || jump is not null)
                return (result, jump);
        }
        return succeeded ? default : throw new FormatException($"'{line}' failed and nothing catches it.");
    }

    private async Task<(bool Succeeded, IpxeResult? Result, string? Jump)> CommandAsync(string command, CancellationToken cancellation)
    {
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var arguments = Arguments(words);
        if (arguments.Length == 0 && NeedArgument.Contains(words.FirstOrDefault("")))
            throw new FormatException($"'{command}' lacks its argument.");
        switch (words.FirstOrDefault(""))
        {
            case "" or "echo" or "imgfree" or "prompt" or "show" or "menu" or "item":
                return (true, null, null);
            case "choose":
                // Nobody stands at the console: the time runs out.
                variables[arguments[^1]] = words[Array.IndexOf(words, "--default") + 1];
                return (true, null, null);
            case "sleep":
                waited += double.Parse(arguments[0], System.Globalization.CultureInfo.InvariantCulture);
                return (true, null, null);
            case "set":
                variables[arguments[0].Split(':')[0]] = string.Join(' ', arguments.Skip(1));
                return (true, null, null);
            case "inc":
                variables[arguments[0]] = $"{int.Parse(variables.GetValueOrDefault(arguments[0], "0")) + 1}";
                return (true, null, null);
            case "iseq":
                return (arguments is [var left, var right] && left == right, null, null);
            case "isset":
                return (arguments.Length > 0, null, null);
            case "goto":
                return (true, null, arguments[0]);
            case "kernel":
                if (!await fetch(arguments[0], cancellation))
                    return default;
                kernel = arguments[0];
                commandLine = string.Join(' ', command.Split(' ').SkipWhile(w => w != kernel).Skip(1));
                return (true, null, null);
            case "initrd":
                if (!await fetch(arguments[0], cancellation))
                    return default;
                initrds.Add(arguments[0]);
                return (true, null, null);
            case "boot":
                return kernel == ""
                    ? (false, null, null)
                    : (true, new IpxeResult.Boot(kernel, [.. initrds], commandLine), null);
            case "exit" or "sanboot":
                return (true, new IpxeResult.Disk(), null);
            case "reboot":
                return (true, new IpxeResult.Reboot(), null);
            case "chain":
                return (true, new IpxeResult.Chain(arguments[^1], waited), null);
            default:
                throw new FormatException($"'{words[0]}' is not a command that iPXE knows.");
        }
    }

    // Options stand before the arguments; these take a value, all others of our commands are flags (ipxe.org/cmd).
    private static string[] Arguments(string[] words)
    {
        var at = 1;
        while (at < words.Length && words[at].StartsWith("--", StringComparison.Ordinal))
            at += words[at] is "--name" or "--timeout" or "--drive" or "--key" or "--default" ? 2 : 1;
        return words[Math.Min(at, words.Length)..];
    }

    private static IEnumerable<(string Link, string Command)> Commands(string line)
    {
        var link = "";
        foreach (var part in LinkPattern().Split(line))
        {
            if (part is "||" or "&&")
                link = part;
            else
                yield return (link, part);
        }
    }

    private string Expand(string text) => SettingPattern().Replace(text, match => variables.GetValueOrDefault(match.Groups[1].Value, ""));

    [GeneratedRegex(@"\s*(\|\||&&)\s*")]
    private static partial Regex LinkPattern();

    [GeneratedRegex(@"\$\{([^}]+)\}")]
    private static partial Regex SettingPattern();
}
