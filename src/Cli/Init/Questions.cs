using Spectre.Console;

namespace Cozy.Fleet.Cli.Init;

/// <summary>The kinds of questions that a person at a terminal answers. What machines say of themselves is shown as plain text.</summary>
internal sealed class Questions(IAnsiConsole console, CancellationToken cancellation)
{
    public void Say(string line) => console.WriteLine(Output.Table.Printable(line));

    /// <summary>A line of text that begins as the default and can be edited; an emptied line is an answer, too.</summary>
    public async Task<string> TextAsync(string title, string before)
    {
        var prompt = new TextPrompt<string>(Plain(title)) { AllowEmpty = true };
        if (before != "")
            prompt = prompt.DefaultValue(Output.Table.Printable(before)).EditableDefaultValue(true).HideDefaultValue();
        return (await prompt.ShowAsync(console, cancellation)).Trim();
    }

    /// <summary>Several texts in one line, between commas or spaces.</summary>
    public async Task<IReadOnlyList<string>> TextsAsync(string title, IEnumerable<string> before) =>
        (await TextAsync(title, string.Join(", ", before)))
            .Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public async Task<int> NumberAsync(string title, int before) => await new TextPrompt<int>(Plain(title))
        .DefaultValue(before).ValidationErrorMessage("[red]a whole number, please[/]").ShowAsync(console, cancellation);

    /// <summary>One of a list, with the default under the cursor. A list of one is not asked.</summary>
    /// <param name="words">How a choice is shown; null shows it as it is.</param>
    public async Task<string> OneAsync(string title, IReadOnlyList<string> choices, string before, Func<string, string>? words = null)
    {
        if (choices is [var only])
            return only;
        var prompt = new SelectionPrompt<string>
        {
            Title = Plain(title), Converter = Shown(words), SearchEnabled = choices.Count > PageSize,
        };
        prompt.AddChoices(choices);
        if (choices.Contains(before))
            prompt.DefaultValue(before);
        var chosen = await prompt.PageSize(PageSize).ShowAsync(console, cancellation);
        Say($"{title} {chosen}");
        return chosen;
    }

    /// <summary>At least one of a list.</summary>
    public async Task<IReadOnlyList<string>> SomeAsync(
        string title, IReadOnlyList<string> choices, IEnumerable<string> before, Func<string, string>? words = null)
    {
        var prompt = new MultiSelectionPrompt<string> { Title = Plain(title), Converter = Shown(words), Required = true };
        prompt.AddChoices(choices);
        foreach (var choice in before.Intersect(choices))
            prompt.Select(choice);
        var chosen = await prompt.PageSize(PageSize).ShowAsync(console, cancellation);
        Say($"{title} {string.Join(", ", chosen)}");
        return chosen;
    }

    public Task<bool> YesAsync(string question, bool before) =>
        new ConfirmationPrompt(Plain(question)) { DefaultValue = before }.ShowAsync(console, cancellation);

    private const int PageSize = 15;

    private static Func<string, string> Shown(Func<string, string>? words) => choice => Plain(words is null ? choice : words(choice));

    private static string Plain(string text) => Markup.Escape(Output.Table.Printable(text));
}
