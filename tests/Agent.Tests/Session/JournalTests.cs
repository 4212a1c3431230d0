using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Tests.Session;

public sealed class JournalTests : IDisposable
{
    private readonly TestDirectory directory = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Reports_come_in_order_also_after_a_restart()
    {
        await using (var journal = await OpenAsync())
            await AppendAsync(journal, 3);
        await using var again = await OpenAsync();
        await AppendAsync(again, 1);
        Assert.Equal([1u, 2u, 3u, 4u], await ReadAsync(again, 0, 4));
        Assert.Equal([3u, 4u], await ReadAsync(again, 2, 2));
    }

    [Fact]
    public async Task Acknowledged_reports_are_gone_and_numbers_go_on_after_a_trim_and_a_restart()
    {
        await using (var journal = await OpenAsync())
        {
            await AppendAsync(journal, Journal.TrimAfter);
            await journal.AcknowledgeAsync(Journal.TrimAfter);
        }
        Assert.InRange(new FileInfo(directory.File("journal.log")).Length, 1, 100);
        await using var again = await OpenAsync();
        await AppendAsync(again, 1);
        Assert.Equal([Journal.TrimAfter + 1ul], await ReadAsync(again, Journal.TrimAfter, 1));
    }

    [Fact]
    public async Task Numbers_go_on_behind_what_the_coordinator_has()
    {
        await using var journal = await OpenAsync();
        await journal.ContinueAfterAsync(41);
        await AppendAsync(journal, 1);
        Assert.Equal([42u], await ReadAsync(journal, 41, 1));
    }

    [Fact]
    public async Task Lost_journal_is_another_one_and_a_kept_one_is_the_same()
    {
        await using var first = await OpenAsync();
        await first.DisposeAsync();
        await using var same = await OpenAsync();
        await same.DisposeAsync();
        File.Delete(directory.File("journal.id"));
        await using var other = await OpenAsync();
        Assert.Equal(first.Id, same.Id);
        Assert.NotEqual(first.Id, other.Id);
    }

    [Fact]
    public async Task Reader_is_woken_by_the_next_report()
    {
        await using var journal = await OpenAsync();
        var reading = ReadAsync(journal, 0, 1);
        Assert.False(reading.IsCompleted);
        await AppendAsync(journal, 1);
        Assert.Equal([1u], await reading);
    }

    private Task<Journal> OpenAsync() => Journal.OpenAsync(directory.Path, TimeProvider.System, cancellation);

    private static async Task AppendAsync(Journal journal, int count)
    {
        for (var i = 0; i < count; i++)
            await journal.AppendAsync(new Report { BootProgress = new() { SessionId = "b" } });
    }

    private async Task<List<ulong>> ReadAsync(Journal journal, ulong after, int count)
    {
        var numbers = new List<ulong>();
        await foreach (var report in journal.ReadAsync(after, cancellation))
        {
            numbers.Add(report.Sequence);
            if (numbers.Count == count)
                break;
        }
        return numbers;
    }
}
