using Cozy.Fleet.Demo.Screens;

namespace Cozy.Fleet.Scenarios;

public sealed class PlainScreenTests
{
    [Fact]
    public async Task A_change_of_a_board_is_one_line_and_no_change_is_none()
    {
        using var output = new StringWriter();
        var screen = new PlainScreen(output, TimeProvider.System);

        await screen.LiveAsync(show =>
        {
            show(Board("a: Waiting", "b: Waiting"));
            show(Board("a: Running", "b: Waiting"));
            show(Board("a: Running", "b: Waiting"));
            return Task.CompletedTask;
        });

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split("s  ", 2)[1].Trim());
        Assert.Equal(["a: Waiting", "b: Waiting", "a: Running"], lines);
    }

    private static Board Board(params string[] news) => new("machines", ["node"], [.. news.Select(n => new BoardRow(n[..1], n, [n]))]);
}
