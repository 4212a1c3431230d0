using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Agent.Session;

/// <summary>
/// What the agent saw and the coordinator has not acknowledged yet. A report is on disk before it is sent; after an outage or a
/// restart the reports arrive in order, each once (design I7).
/// </summary>
internal sealed class Journal : IAsyncDisposable
{
    /// <summary>So many acknowledged reports may stand in the file before it is written anew.</summary>
    internal const int TrimAfter = 1000;

    private readonly AppendLog log;
    private readonly TimeProvider clock;
    private readonly SemaphoreSlim turn = new(1); // Numbers must be on disk in their order.
    private readonly SortedDictionary<ulong, Report> pending = [];
    private readonly Lock gate = new(); // Writers add, the session reads and trims.
    private TaskCompletionSource added = NewSignal();
    private ulong last;
    private ulong acknowledged;
    private int trimmed;

    private Journal(AppendLog log, string id, TimeProvider clock) => (this.log, Id, this.clock) = (log, id, clock);

    /// <summary>Another one after the journal was lost: sequence numbers start again then.</summary>
    public string Id { get; }

    /// <summary>How many reports the coordinator does not have yet.</summary>
    public int Pending
    {
        get
        {
            lock (gate)
                return pending.Count;
        }
    }

    public static async Task<Journal> OpenAsync(string directory, TimeProvider clock, CancellationToken cancellation)
    {
        var idFile = Path.Combine(directory, "journal.id");
        var reports = new List<Report>();
        // An id without its log would count from 1 again, and the coordinator would take nothing for new.
        var exists = File.Exists(idFile) && File.Exists(Path.Combine(directory, "journal.log"));
        var (log, _) = AppendLog.Open(Path.Combine(directory, "journal.log"), record =>
        {
            if (exists)
                reports.Add(Report.Parser.ParseFrom(record));
        });
        if (!exists)
        {
            await log.ReplaceAsync([]);
            await PrivateFile.WriteAsync(idFile, System.Text.Encoding.ASCII.GetBytes(Guid.NewGuid().ToString()), cancellation);
        }
        var journal = new Journal(log, await File.ReadAllTextAsync(idFile, cancellation), clock);
        foreach (var report in reports)
        {
            journal.last = Math.Max(journal.last, report.Sequence);
            if (report.EventCase == Report.EventOneofCase.None)
                journal.acknowledged = report.Sequence; // The mark of a trim: no report, but numbers go on behind it.
            else
                journal.pending[report.Sequence] = report;
        }
        return journal;
    }

    /// <summary>Completes when the report is on disk.</summary>
    public async Task AppendAsync(Report report)
    {
        await turn.WaitAsync();
        try
        {
            report.Sequence = last + 1;
            report.Time = clock.GetUtcNow().ToTimestamp();
            await log.AppendAsync(report.ToByteArray());
            last = report.Sequence;
            lock (gate)
            {
                pending[report.Sequence] = report;
                (var signal, added) = (added, NewSignal());
                signal.SetResult();
            }
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>The coordinator has everything up to here.</summary>
    public async Task AcknowledgeAsync(ulong sequence)
    {
        bool trim;
        lock (gate)
        {
            acknowledged = Math.Max(acknowledged, sequence);
            while (pending.Count > 0 && pending.First().Key <= sequence)
            {
                pending.Remove(pending.First().Key);
                trimmed++;
            }
            trim = trimmed >= TrimAfter;
        }
        if (!trim)
            return;
        await turn.WaitAsync();
        try
        {
            List<byte[]> remaining;
            lock (gate)
            {
                remaining = [new Report { Sequence = acknowledged }.ToByteArray(), .. pending.Values.Select(r => r.ToByteArray())];
                trimmed = 0;
            }
            await log.ReplaceAsync(remaining);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Every report behind the given one, then each new one.</summary>
    public async IAsyncEnumerable<Report> ReadAsync(
        ulong after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            Task signal;
            Report[] reports;
            lock (gate)
            {
                signal = added.Task;
                reports = [.. pending.Values.Where(r => r.Sequence > after)];
            }
            foreach (var report in reports)
            {
                yield return report;
                after = report.Sequence;
            }
            await signal.WaitAsync(cancellation);
        }
    }

    /// <summary>The coordinator knows more than we have on disk: our numbers go on behind its own.</summary>
    public async Task ContinueAfterAsync(ulong sequence)
    {
        await turn.WaitAsync();
        last = Math.Max(last, sequence);
        turn.Release();
    }

    public ValueTask DisposeAsync()
    {
        turn.Dispose();
        return log.DisposeAsync();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
