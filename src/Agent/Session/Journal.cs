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
    public const int TrimAfter = 1000;

    private readonly AppendLog log;
    private readonly TimeProvider clock;
    private readonly SemaphoreSlim turn = new(1); // Numbers must be on disk in their order.
    private readonly SortedDictionary<ulong, Report> pending = [];
    private readonly Lock gate = new(); // Writers add, the session reads and trims.
    private TaskCompletionSource added = NewSignal();
    private ulong last;
    private Report? newest; // Stays in the file when everything is acknowledged: it tells where numbers go on.
    private int trimmed;

    private Journal(AppendLog log, string id, TimeProvider clock) => (this.log, Id, this.clock) = (log, id, clock);

    /// <summary>Another one after the journal was lost: sequence numbers start again then.</summary>
    public string Id { get; }

    public static async Task<Journal> OpenAsync(string directory, TimeProvider clock, CancellationToken cancellation)
    {
        var idFile = Path.Combine(directory, "journal.id");
        var reports = new List<Report>();
        var exists = File.Exists(idFile);
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
            journal.pending[report.Sequence] = report;
            (journal.last, journal.newest) = (report.Sequence, report);
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
            (last, newest) = (report.Sequence, report);
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
        lock (gate)
        {
            while (pending.Count > 0 && pending.First().Key <= sequence)
            {
                pending.Remove(pending.First().Key);
                trimmed++;
            }
        }
        // The file is written anew from time to time, not for each acknowledgement.
        if (trimmed >= TrimAfter)
            await TrimAsync();
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
        try
        {
            last = Math.Max(last, sequence);
        }
        finally
        {
            turn.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        turn.Dispose();
        return log.DisposeAsync();
    }

    private async Task TrimAsync()
    {
        await turn.WaitAsync();
        try
        {
            byte[][] remaining;
            lock (gate)
            {
                var kept = pending.Count > 0 || newest is null ? pending.Values : (IEnumerable<Report>)[newest];
                (remaining, trimmed) = ([.. kept.Select(r => r.ToByteArray())], 0);
            }
            await log.ReplaceAsync(remaining);
        }
        finally
        {
            turn.Release();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
