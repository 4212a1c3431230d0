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
    private long durable;

    private AppendLog(string path, FileStream file)
    {
        (this.path, this.file, durable) = (path, file, file.Position);
        writer = Task.Run(WriteAllAsync);
    }

    private sealed record Entry(ReadOnlyMemory<byte> Record, IReadOnlyCollection<byte[]>? Replacement, TaskCompletionSource Done);

    /// <summary>Opens the log and hands over every whole record in order.</summary>
    /// <returns>The log, and how many bytes of a cut-off record were dropped.</returns>
    public static (AppendLog Log, long Dropped) Open(string path, Action<byte[]> replay)
    {
        var file = OpenFile(path, FileMode.OpenOrCreate);
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
            Commit(batch);
        }
    }

    private void Commit(List<Entry> batch)
    {
        try
        {
            foreach (var entry in batch)
                Write(entry);
            file.Flush(flushToDisk: true);
            durable = file.Position;
            batch.ForEach(entry => entry.Done.SetResult());
        }
        // Whatever it was, each writer must hear of it, and the next batch gets its chance.
        catch (Exception failure)
        {
            Forget();
            var refusal = failure as IOException ?? new IOException($"{path} cannot be written: {failure.Message}", failure);
            batch.ForEach(entry => entry.Done.TrySetException(refusal));
        }
    }

    // A part of a record would end the file for whoever reads it later: what was refused must not be there.
    private void Forget()
    {
        try
        {
            file.Position = durable;
            file.SetLength(durable);
        }
        catch (IOException)
        {
            // The disk refuses this as well; every writer hears of that at its own turn.
        }
    }

    private void Write(Entry entry)
    {
        if (entry.Replacement is null)
        {
            WriteRecord(file, entry.Record.Span);
            return;
        }
        var fresh = OpenFile(path + ".new", FileMode.Create);
        try
        {
            foreach (var record in entry.Replacement)
                WriteRecord(fresh, record);
            fresh.Flush(flushToDisk: true);
            File.Move(path + ".new", path, overwrite: true);
        }
        catch
        {
            fresh.Dispose();
            throw;
        }
        file.Dispose();
        (file, durable) = (fresh, fresh.Position);
    }

    private static FileStream OpenFile(string path, FileMode mode) => new(path, new FileStreamOptions
    {
        Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.Read, UnixCreateMode = PrivateFile.OwnerOnly,
        BufferSize = 0, // A refused write must be known at once, and not come again with the next flush.
    });

    private static void WriteRecord(FileStream to, ReadOnlySpan<byte> record)
    {
        var whole = new byte[HeaderLength + record.Length];
        BinaryPrimitives.WriteInt32LittleEndian(whole, record.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(whole.AsSpan(4), XxHash3.HashToUInt64(record));
        record.CopyTo(whole.AsSpan(HeaderLength));
        to.Write(whole);
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
