using System.Text;
using Cozy.Fleet.Agent.Storage;

namespace Cozy.Fleet.Agent.Tests.Storage;

public sealed class AppendLogTests : IDisposable
{
    private readonly TestDirectory directory = new();

    private string LogFile => directory.File("x.log");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task File_cut_off_at_every_byte_gives_the_whole_records_before_it_and_takes_new_ones()
    {
        await WriteAsync("one", "two", "three");
        var whole = await File.ReadAllBytesAsync(LogFile, TestContext.Current.CancellationToken);
        int[] ends = [0, 12 + 3, 2 * (12 + 3), whole.Length];
        for (var length = 0; length <= whole.Length; length++)
        {
            await File.WriteAllBytesAsync(LogFile, whole[..length], TestContext.Current.CancellationToken);
            await WriteAsync("new");
            var kept = ends.Count(end => end > 0 && end <= length);
            Assert.Equal([.. new[] { "one", "two", "three" }.Take(kept), "new"], await ReadAsync());
        }
    }

    [Fact]
    public async Task Every_flipped_bit_ends_the_log_before_its_record()
    {
        await WriteAsync("one", "two");
        var whole = await File.ReadAllBytesAsync(LogFile, TestContext.Current.CancellationToken);
        for (var bit = 15 * 8; bit < whole.Length * 8; bit++)
        {
            var flipped = whole.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            await File.WriteAllBytesAsync(LogFile, flipped, TestContext.Current.CancellationToken);
            Assert.Equal(["one"], await ReadAsync());
        }
    }

    [Fact]
    public async Task Replacement_is_the_whole_content_and_appends_go_on_behind_it()
    {
        await WriteAsync("one", "two");
        var (log, _) = AppendLog.Open(LogFile, _ => { });
        await log.ReplaceAsync([Bytes("three")]);
        await log.AppendAsync(Bytes("four"));
        await log.DisposeAsync();
        Assert.Equal(["three", "four"], await ReadAsync());
        Assert.False(File.Exists(LogFile + ".new"));
    }

    [Fact]
    public async Task Many_at_once_are_all_there()
    {
        var (log, _) = AppendLog.Open(LogFile, _ => { });
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Task.Run(() => log.AppendAsync(Bytes($"{i}")))));
        await log.DisposeAsync();
        Assert.Equal(Enumerable.Range(0, 500), (await ReadAsync()).ConvertAll(int.Parse).Order());
    }

    [Fact]
    public async Task Refused_replacement_is_told_and_the_log_goes_on()
    {
        await WriteAsync("one");
        Directory.CreateDirectory(LogFile + ".new");
        var (log, _) = AppendLog.Open(LogFile, _ => { });
        await Assert.ThrowsAsync<IOException>(() => log.ReplaceAsync([Bytes("never")]));
        await log.AppendAsync(Bytes("two"));
        await log.DisposeAsync();
        Assert.Equal(["one", "two"], await ReadAsync());
    }

    [Fact]
    public async Task Only_its_owner_may_read_it()
    {
        await WriteAsync("secret");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LogFile));
    }

    private async Task WriteAsync(params string[] records)
    {
        var (log, _) = AppendLog.Open(LogFile, _ => { });
        foreach (var record in records)
            await log.AppendAsync(Bytes(record));
        await log.DisposeAsync();
    }

    private async Task<List<string>> ReadAsync()
    {
        var records = new List<string>();
        var (log, _) = AppendLog.Open(LogFile, record => records.Add(Encoding.ASCII.GetString(record)));
        await log.DisposeAsync();
        return records;
    }

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
