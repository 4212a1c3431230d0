using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Session;

public sealed class JournalTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Reports_of_many_writers_are_numbered_without_gaps_and_read_in_order()
    {
        await using var journal = await OpenAsync();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => journal.AppendAsync(Seen("x"))));

        Assert.Equal(Enumerable.Range(1, 50).Select(i => (ulong)i), (await TakeAsync(journal, 50)).Select(r => r.Sequence));
    }

    [Fact]
    public async Task What_was_not_acknowledged_is_there_after_a_restart_and_numbers_go_on()
    {
        string id;
        await using (var before = await OpenAsync())
        {
            id = before.Id;
            foreach (var text in new[] { "a", "b", "c" })
                await before.AppendAsync(Seen(text));
            await before.AcknowledgeAsync(1);
        }

        await using var journal = await OpenAsync();
        await journal.AcknowledgeAsync(1);
        await journal.AppendAsync(Seen("d"));

        Assert.Equal(id, journal.Id);
        Assert.Equal(["2 b", "3 c", "4 d"], (await TakeAsync(journal, 3)).Select(r => $"{r.Sequence} {r.NodeObserved.Address}"));
    }

    [Fact]
    public async Task A_reader_sees_what_comes_later()
    {
        await using var journal = await OpenAsync();
        var reading = TakeAsync(journal, 1);

        Assert.False(reading.IsCompleted);
        await journal.AppendAsync(Seen("late"));

        Assert.Equal("late", (await reading)[0].NodeObserved.Address);
    }

    [Fact]
    public async Task A_journal_that_everything_was_taken_from_is_short_and_still_counts_on()
    {
        await using (var journal = await OpenAsync())
        {
            await Task.WhenAll(Enumerable.Range(0, Journal.TrimAfter).Select(_ => journal.AppendAsync(Seen("x"))));
            await journal.AcknowledgeAsync(Journal.TrimAfter);
        }
        Assert.InRange(new FileInfo(directory["journal.log"]).Length, 1, 100);

        await using var again = await OpenAsync();
        await again.AppendAsync(Seen("next"));

        Assert.Equal(1, again.Pending);
        Assert.Equal(Journal.TrimAfter + 1UL, (await TakeAsync(again, 1))[0].Sequence);
    }

    [Fact]
    public async Task A_coordinator_that_knows_more_moves_the_numbers_on()
    {
        await using var journal = await OpenAsync();

        await journal.ContinueAfterAsync(41);
        await journal.AppendAsync(Seen("x"));

        Assert.Equal(42UL, (await TakeAsync(journal, 1))[0].Sequence);
    }

    [Fact]
    public async Task A_lost_log_is_another_journal()
    {
        string id;
        await using (var before = await OpenAsync())
            id = before.Id;
        File.Delete(directory["journal.log"]);

        await using var journal = await OpenAsync();

        Assert.NotEqual(id, journal.Id);
    }

    private Task<Journal> OpenAsync() => Journal.OpenAsync(directory.Path, new FakeTimeProvider(), TestContext.Current.CancellationToken);

    private static Report Seen(string address) => new() { NodeObserved = new() { Address = address } };

    private static async Task<List<Report>> TakeAsync(Journal journal, int count)
    {
        var reports = new List<Report>();
        await foreach (var report in journal.ReadAsync(0, TestContext.Current.CancellationToken))
        {
            reports.Add(report);
            if (reports.Count == count)
                break;
        }
        return reports;
    }
}
