using System.Buffers.Binary;
using System.IO.Hashing;

namespace Cozy.Fleet.Agent.Storage;

/// <summary>
/// A file of records that only grows: length, checksum, content. An append completes when the disk has it; appends that wait
/// together share one flush. A record that was cut off by a crash is dropped when the file is opened.
/// </summary>
internal sealed class AppendLog : IAsyncDisposable
{
    private const int HeaderLength = 12;
    private const int MaximumRecord = 16 << 20;

    // Zeros that are on disk before the records that take their place: then a flush has the records to write and no new length of the file.
    private const int Ahead = 256 << 10;

    // A batch is written from here; what a replacement made larger is given back.
    private const int LargestKept = 1 << 20;

    private const int MostWaiting = 4096;

    // In a crowd a flush is for all that come within a moment: a flush for every few of them takes the processor that answers them.
    private const int Crowd = 4;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(1);

    private readonly MemoryStream bytes = new();
    private readonly object gate = new(); // For what waits. The log's thread sleeps on it; one of the pool would spin before that.
    private readonly string path;
    private readonly Task writer;
    private List<Entry> waiting = [];
    private bool ended;
    private FileStream file;
    private long length;
    private long prepared;

    private AppendLog(string path, FileStream file)
    {
        (this.path, this.file, length, prepared) = (path, file, file.Length, file.Length);
        writer = Task.Factory.StartNew(WriteAll, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <param name="Replacement">Null: the records are appended.</param>
    /// <param name="Stored">Called when the disk has it, or with what the disk said.</param>
    private sealed record Entry(IReadOnlyList<ReadOnlyMemory<byte>> Records, IEnumerable<byte[]>? Replacement, Action<IOException?> Stored);

    /// <summary>Opens the log and hands over every whole record in order.</summary>
    /// <returns>The log, and how many bytes of a cut-off record were dropped.</returns>
    public static (AppendLog Log, long Dropped) Open(string path, Action<byte[]> replay)
    {
        var file = PrivateFile.OpenLog(path, FileMode.OpenOrCreate);
        var header = new byte[HeaderLength];
        long good = 0;
        while (TryReadRecord(file, header, out var record))
        {
            replay(record);
            good = file.Position;
        }
        var dropped = file.Length - good;
        if (dropped > 0)
            file.SetLength(good);
        return (new(path, file), dropped);
    }

    /// <summary>Completes when the record is on disk.</summary>
    /// <exception cref="IOException">The disk refused it; nothing may be done that relied on the record.</exception>
    public Task AppendAsync(ReadOnlyMemory<byte> record) => EnqueueAsync([record], null);

    /// <summary>Replaces the whole content, by a new file and a rename.</summary>
    public Task ReplaceAsync(IEnumerable<byte[]> records) => EnqueueAsync([], records);

    /// <summary>
    /// Appends without a task of its own: all that waited for one flush hear of it one after the other, on the log's thread, in the
    /// order in which they came. False when too much waits already; then nothing is stored and nobody is called.
    /// </summary>
    /// <param name="stored">Null: the disk has it. Must not throw, and the next flush waits for it.</param>
    public bool TryAppend(ReadOnlyMemory<byte> record, Action<IOException?> stored) => TryAppend([record], stored);

    /// <summary>The same for records that belong together: all of them are taken or none, and share one flush.</summary>
    public bool TryAppend(IReadOnlyList<ReadOnlyMemory<byte>> records, Action<IOException?> stored) =>
        TryEnqueue(new(records, null, stored), MostWaiting);

    /// <summary>As <see cref="TryAppend"/>, for the whole content. The records are read on the log's thread.</summary>
    public bool TryReplace(IEnumerable<byte[]> records, Action<IOException?> stored) => TryEnqueue(new([], records, stored), MostWaiting);

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            // A service that the host knows by two names is disposed of twice.
            if (ended)
                return;
            ended = true;
            Monitor.Pulse(gate);
        }
        await writer;
        if (prepared > length)
            file.SetLength(length);
        await file.DisposeAsync();
    }

    // Who waits for the disk is bound by that: there are no more entries than callers.
    private Task EnqueueAsync(IReadOnlyList<ReadOnlyMemory<byte>> records, IEnumerable<byte[]>? replacement)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var taken = TryEnqueue(new(records, replacement, failure => _ = failure is null ? done.TrySetResult() : done.TrySetException(failure)),
            int.MaxValue);
        return taken ? done.Task : Task.FromException(new ObjectDisposedException(path));
    }

    private bool TryEnqueue(Entry entry, int most)
    {
        lock (gate)
        {
            if (ended || waiting.Count >= most)
                return false;
            waiting.Add(entry);
            if (waiting.Count == 1)
                Monitor.Pulse(gate);
            return true;
        }
    }

    private void WriteAll()
    {
        List<Entry> batch = [];
        while (TryTake(ref batch))
        {
            var failure = TryWrite(batch);
            batch.ForEach(entry => entry.Stored(failure));
        }
    }

    // Everything that came while the disk was busy. False: the log was closed, and nothing is left.
    private bool TryTake(ref List<Entry> batch)
    {
        var isCrowd = batch.Count >= Crowd;
        batch.Clear();
        lock (gate)
        {
            while (waiting.Count == 0 && !ended)
                Monitor.Wait(gate);
            if (isCrowd && !ended)
                Monitor.Wait(gate, Gathering); // Only the end wakes it earlier.
            (batch, waiting) = (waiting, batch);
        }
        return batch.Count > 0;
    }

    // Whatever the disk says, those who wait hear it; the log goes on with what comes next.
    private IOException? TryWrite(List<Entry> batch)
    {
        try
        {
            Write(batch);
            return null;
        }
        catch (Exception failure)
        {
            return new IOException($"{path} cannot be written: {failure.Message}", failure);
        }
    }

    // The length counts what is safe. What a failed write left behind it is written over by the next one: a torn record in the
    // middle would hide everything that follows it.
    private void Write(List<Entry> batch)
    {
        bytes.SetLength(0);
        foreach (var entry in batch)
        {
            if (entry.Replacement is null)
            {
                foreach (var record in entry.Records)
                    WriteRecord(bytes, record.Span);
                continue;
            }
            bytes.SetLength(0); // What came before it in this batch is superseded with the rest.
            Replace(entry.Replacement);
        }
        if (bytes.Length == 0)
            return;
        if (length + bytes.Length > prepared)
            Prepare(length + bytes.Length + Ahead);
        RandomAccess.Write(file.SafeFileHandle, bytes.GetBuffer().AsSpan(0, (int)bytes.Length), length);
        DataFlush.ToDisk(file.SafeFileHandle);
        length += bytes.Length;
        if (bytes.Capacity > LargestKept)
        {
            bytes.SetLength(0);
            bytes.Capacity = 0;
        }
    }

    private void Prepare(long size)
    {
        RandomAccess.Write(file.SafeFileHandle, new byte[size - prepared], prepared);
        RandomAccess.FlushToDisk(file.SafeFileHandle);
        prepared = size;
    }

    private void Replace(IEnumerable<byte[]> records)
    {
        var fresh = PrivateFile.OpenLog(path + ".new", FileMode.Create);
        try
        {
            foreach (var record in records)
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
        (file, length, prepared) = (fresh, fresh.Length, fresh.Length);
    }

    private static void WriteRecord(Stream to, ReadOnlySpan<byte> record)
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
}
