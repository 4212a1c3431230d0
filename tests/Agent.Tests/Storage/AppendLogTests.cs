using System.Text;
using Cozy.Fleet.Agent.Storage;

namespace Cozy.Fleet.Agent.Tests.Storage;

public sealed class AppendLogTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private string FilePath => directory["x.log"];

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task A_record_that_was_cut_off_at_any_byte_is_dropped_and_the_ones_before_it_stay()
    {
        await WriteAsync("one", "two", "three");
        var whole = await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken);
        var two = whole.Length - (12 + "three".Length);

        for (var length = two; length < whole.Length; length++)
        {
            await File.WriteAllBytesAsync(FilePath, whole[..length], TestContext.Current.CancellationToken);

            Assert.Equal(["one", "two"], await ReadAsync(then: "four"));
            Assert.Equal(["one", "two", "four"], await ReadAsync());
        }
    }

    [Fact]
    public async Task A_record_whose_bytes_changed_is_not_believed()
    {
        await WriteAsync("one", "two");
        var bytes = await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken);
        for (var at = 15; at < bytes.Length; at++)
        {
            var changed = bytes.ToArray();
            changed[at] ^= 0x40;
            await File.WriteAllBytesAsync(FilePath, changed, TestContext.Current.CancellationToken);

            Assert.Equal(["one"], await ReadAsync());
        }
    }

    [Fact]
    public async Task Replacing_leaves_the_new_records_and_what_is_appended_after_them()
    {
        await using (var log = AppendLog.Open(FilePath, _ => { }).Log)
        {
            var first = log.AppendAsync("old"u8.ToArray());
            var replaced = log.ReplaceAsync(["new"u8.ToArray()]);
            var last = log.AppendAsync("newer"u8.ToArray());
            await Task.WhenAll(first, replaced, last);
        }

        Assert.Equal(["new", "newer"], await ReadAsync());
    }

    [Fact]
    public async Task A_disk_that_refuses_is_told_to_the_writer_and_the_log_goes_on()
    {
        await using (var log = AppendLog.Open(FilePath, _ => { }).Log)
        {
            await log.AppendAsync("one"u8.ToArray());
            Directory.CreateDirectory(FilePath + ".new"); // The new file cannot be made.

            var failure = await Assert.ThrowsAsync<IOException>(() => log.ReplaceAsync(["never"u8.ToArray()]));

            Assert.Contains(FilePath, failure.Message, StringComparison.Ordinal);
            await log.AppendAsync("two"u8.ToArray());
        }
        Assert.Equal(["one", "two"], await ReadAsync());
    }

    [Fact]
    public async Task It_may_be_disposed_of_twice_and_keeps_no_zeros()
    {
        var (log, _) = AppendLog.Open(FilePath, _ => { });
        await log.AppendAsync("one"u8.ToArray());

        await log.DisposeAsync();
        await log.DisposeAsync();

        Assert.Equal(12 + "one".Length, new FileInfo(FilePath).Length);
    }

    [Fact]
    public async Task A_full_disk_fails_the_append()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "this system has no /dev/full");
        File.CreateSymbolicLink(FilePath, "/dev/full");
        var (log, _) = AppendLog.Open(FilePath, _ => { });

        await Assert.ThrowsAsync<IOException>(() => log.AppendAsync("one"u8.ToArray()));
        await Assert.ThrowsAsync<IOException>(() => log.AppendAsync("two"u8.ToArray()));
        await log.DisposeAsync();
    }

    [Fact]
    public async Task Many_writers_share_flushes_and_nothing_is_lost()
    {
        await using (var log = AppendLog.Open(FilePath, _ => { }).Log)
            await Task.WhenAll(Enumerable.Range(0, 500).Select(i => log.AppendAsync(Encoding.ASCII.GetBytes($"{i}"))));

        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), await ReadAsync());
    }

    [Fact]
    public async Task Who_waits_for_the_same_flush_hears_of_it_in_order_and_only_when_the_file_has_it()
    {
        var heard = new List<(int Number, bool InFile)>();
        await using (var log = AppendLog.Open(FilePath, _ => { }).Log)
        {
            for (var i = 0; i < 300; i++)
            {
                var number = i;
                Assert.True(log.TryAppend(new byte[88], failure => heard.Add((number, failure is null && new FileInfo(FilePath).Length >= 100 * (number + 1)))));
            }
        }

        Assert.Equal(Enumerable.Range(0, 300).Select(i => (i, true)), heard);
    }

    [Fact]
    public async Task When_the_disk_stands_still_what_comes_is_turned_away_and_not_queued_for_ever()
    {
        using var held = new ManualResetEventSlim();
        await using (var log = AppendLog.Open(FilePath, _ => { }).Log)
        {
            log.TryAppend("first"u8.ToArray(), _ => held.Wait(TestContext.Current.CancellationToken));

            var taken = 0;
            while (taken < 100_000 && log.TryAppend("x"u8.ToArray(), _ => { }))
                taken++;
            held.Set();

            Assert.InRange(taken, 1000, 10_000);
        }
    }

    [Fact]
    public async Task Only_we_may_read_it_and_only_one_agent_may_write_it()
    {
        await using var log = AppendLog.Open(FilePath, _ => { }).Log;

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Throws<IOException>(() => AppendLog.Open(FilePath, _ => { }));
    }

    private async Task WriteAsync(params string[] records)
    {
        await using var log = AppendLog.Open(FilePath, _ => { }).Log;
        foreach (var record in records)
            await log.AppendAsync(Encoding.ASCII.GetBytes(record));
    }

    private async Task<List<string>> ReadAsync(string then = "")
    {
        var records = new List<string>();
        var (log, _) = AppendLog.Open(FilePath, record => records.Add(Encoding.ASCII.GetString(record)));
        if (then != "")
            await log.AppendAsync(Encoding.ASCII.GetBytes(then));
        await log.DisposeAsync();
        return records;
    }
}
