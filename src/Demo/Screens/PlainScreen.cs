using System.Globalization;

namespace Cozy.Fleet.Demo.Screens;

/// <summary>Lines for a log: each change once, with the time since the start.</summary>
internal sealed class PlainScreen(TextWriter output, TimeProvider clock) : Screen
{
    private readonly long start = clock.GetTimestamp();

    public override void Say(string sentence) => output.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{clock.GetElapsedTime(start).TotalSeconds,6:0.0}s  {sentence}"));

    public override Task LiveAsync(Func<Action<Board>, Task> work)
    {
        var said = new Dictionary<string, string>();
        return work(board =>
        {
            foreach (var row in board.Rows.Where(r => said.GetValueOrDefault(r.Key) != r.News))
            {
                said[row.Key] = row.News;
                Say("  " + row.News);
            }
        });
    }
}
