using System.CommandLine;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>Arguments and options that several commands have, with the same words.</summary>
internal static class Parameters
{
    public static Argument<string> Kind() =>
        new("KIND") { Description = "image, rack, node, cluster or rollout; plural and short forms too." };

    public static Argument<string> Name(string what = "NAME") =>
        new(what) { Description = "The name; of a node also a prefix of it, a MAC address or the hostname." };

    public static Argument<string[]> Names() => new("NAME") { Description = "One or more names.", Arity = ArgumentArity.OneOrMore };

    public static Option<string> Filter() => new("--filter")
    {
        Description = "Only what matches, such as 'status.rack = \"r1\"'; terms are joined by AND.",
        HelpName = "FILTER",
        DefaultValueFactory = _ => "",
    };

    public static Option<string> Output(params string[] forms)
    {
        var option = new Option<string>("--output", "-o")
        {
            Description = $"The form of the output: {string.Join(", ", forms)}.",
            HelpName = "FORM",
            DefaultValueFactory = _ => forms[0],
        };
        return option.AcceptOnlyFromAmong(forms);
    }

    public static Option<string[]> Files() => new("--filename", "-f")
    {
        Description = "A file, a directory with *.yaml, *.yml and *.json files, or - for standard input; may be repeated.",
        HelpName = "FILE",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>A file that only its owner may read.</summary>
    public static Option<string> PrivateFile() => new("--output", "-o")
    {
        Description = "The file, which gets mode 0600.", HelpName = "FILE", Required = true,
    };

    /// <summary>A duration; zero when it is not said, which lets the coordinator choose.</summary>
    public static Option<TimeSpan> Span(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "DURATION",
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (!Durations.TryParse(text, out var span))
                result.AddError($"'{text}' is not a duration such as 30s, 10m, 12h or 7d");
            return span;
        },
    };

    public static Command With(this Command command, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        command.SetAction(action);
        return command;
    }
}
