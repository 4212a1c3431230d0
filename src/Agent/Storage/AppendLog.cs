using System.Buffers.Binary;
using System.IO.Hashing;
using System.Threading.Channels;

namespace Cozy.Fleet.Agent.Storage;

/// <summary>
/// A file of records that only grows: length, checksum, content. An append completes when the disk has it; appends that wait
/// together share one flush. A record that was cut off by a crash is dropped when the file is opened.
/// </summary>
internal sealed class AppendLog : IAsyncDisposable
{
    private const int HeaderLength = 12;
    private const int MaximumRecord = 16 << 20;

    private readonly Channel<Entry> queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly string path;
    private readonly Task writer;
    private FileStream file;

    private AppendLog(string path, FileStream file)
    {
        (this.path, this.file) = (path, file);
        writer = Task.Run(WriteAllAsync);
    }

    private sealed record Entry(ReadOnlyMemory<byte> Record, IReadOnlyCollection<byte[]>? Replacement, TaskCompletionSource Done);

    /// <summary>Opens the log and hands over every whole record in order.</summary>
    /// <returns>The log, and how many bytes of a cut-off record were dropped.</returns>
    public static (AppendLog Log, long Dropped) Open(string path, Action<byte[]> replay)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var header = new byte[HeaderLength];
        long good = 0;
        while (TryReadRecord(file, header, out var record))
        {
            replay(record);
            good = file.Position;
        }
        var dropped = file.Length - good;
        file.SetLength(good);
        file.Position = good;
        return (new(path, file), dropped);
    }

    /// <summary>Completes when the record is on disk.</summary>
    /// <exception cref="IOException">The disk refused it; nothing may be done that relied on the record.</exception>
    public Task AppendAsync(ReadOnlyMemory<byte> record) => EnqueueAsync(new(record, null, NewDone()));

    /// <summary>Replaces the whole content, by a new file and a rename.</summary>
    public Task ReplaceAsync(IReadOnlyCollection<byte[]> records) => EnqueueAsync(new(default, records, NewDone()));

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await writer;
        await file.DisposeAsync();
    }

    private async Task EnqueueAsync(Entry entry)
    {
        await queue.Writer.WriteAsync(entry);
        await entry.Done.Task;
    }

    private async Task WriteAllAsync()
    {
        var batch = new List<Entry>();
        while (await queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < 512 && queue.Reader.TryRead(out var entry))
                batch.Add(entry);
            try
            {
                foreach (var entry in batch)
                    Write(entry);
                file.Flush(flushToDisk: true);
                batch.ForEach(entry => entry.Done.SetResult());
            }
            catch (IOException exception)
            {
                batch.ForEach(entry => entry.Done.TrySetException(exception));
            }
        }
    }

    private void Write(Entry entry)
    {
        if (entry.Replacement is null)
        {
            WriteRecord(file, entry.Record.Span);
            return;
        }
        var fresh = new FileStream(path + ".new", FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        foreach (var record in entry.Replacement)
            WriteRecord(fresh, record);
        fresh.Flush(flushToDisk: true);
        File.Move(path + ".new", path, overwrite: true);
        file.Dispose();
        file = fresh;
    }

    private static void WriteRecord(FileStream to, ReadOnlySpan<byte> record)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        BinaryPrimitives.WriteInt32LittleEndian(header, record.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[4..], XxHash3.HashToUInt64(record));
        to.Write(header);
        to.Write(record);
    }

    private static bool TryReadRecord(FileStream file, byte[] header, out byte[] record)
    {
        record = [];
        if (file.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false) < HeaderLength)
            return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is < 0 or > MaximumRecord || length > file.Length - file.Position)
            return false;
        record = new byte[length];
        file.ReadExactly(record);
        return XxHash3.HashToUInt64(record) == BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(4));
    }

    private static TaskCompletionSource NewDone() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
