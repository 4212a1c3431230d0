using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Grpc.Core;

namespace Cozy.Fleet.Talos;

/// <summary>
/// What a person needs to see of a node that misbehaves, as a ZIP archive: version, services, logs, kernel messages, resources; keys and
/// tokens hidden. A part that the node does not give is told in errors.txt, and the others come nevertheless.
/// </summary>
public sealed class SupportArchive(TalosConnection connection)
{
    private const int LogLines = 2000;

    // A log that goes on and on must not fill the archive.
    private const int MostBytesOfOnePart = 4 << 20;

    // Namespace and type of resources without secrets in them (talos.md 2.2). What a release does not know is left out.
    private static readonly (string Namespace, string Type)[] Resources =
    [
        ("runtime", "MachineStatuses.runtime.talos.dev"), ("runtime", "ExtensionStatuses.runtime.talos.dev"),
        ("runtime", "SystemDisks.block.talos.dev"), ("runtime", "Disks.block.talos.dev"), ("network", "LinkStatuses.net.talos.dev"),
        ("network", "HostnameStatuses.net.talos.dev"), ("hardware", "SystemInformations.hardware.talos.dev"),
        ("hardware", "Processors.hardware.talos.dev"), ("hardware", "MemoryModules.hardware.talos.dev"),
        ("k8s", "Nodenames.kubernetes.talos.dev"),
    ];

    private readonly StringBuilder errors = new();
    private readonly TalosStreams streams = new(connection);

    /// <summary>The archive, piece by piece; it is nowhere as a whole.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> PackAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var pipe = new Pipe();
        var writing = WriteAsync(pipe.Writer, ending.Token);
        try
        {
            while (true)
            {
                var read = await pipe.Reader.ReadAsync(ending.Token);
                foreach (var piece in read.Buffer)
                    yield return piece;
                pipe.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    break;
            }
            await writing;
        }
        finally
        {
            // A reader that leaves early stops the writer as well.
            await ending.CancelAsync();
            await pipe.Reader.CompleteAsync();
            await ((Task)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WriteAsync(PipeWriter writer, CancellationToken cancellation)
    {
        try
        {
            await using (var archive = await ZipArchive.CreateAsync(writer.AsStream(leaveOpen: true), ZipArchiveMode.Create, true, null, cancellation))
                await FillAsync(archive, cancellation);
            await writer.CompleteAsync();
        }
        catch (Exception failure)
        {
            await writer.CompleteAsync(failure);
            throw;
        }
    }

    private async Task FillAsync(ZipArchive archive, CancellationToken cancellation)
    {
        var reader = new TalosReader(connection, cancellation);
        IReadOnlyList<TalosService> services = [];
        await AddAsync(archive, "version.txt", async text => await text.WriteLineAsync(await reader.VersionAsync()), cancellation);
        await AddAsync(archive, "services.txt", async text =>
        {
            services = await reader.ServicesAsync();
            foreach (var service in services)
                await text.WriteLineAsync($"{service.Id}\t{service.State}\t{service.Healthy?.ToString() ?? "-"}\t{service.Message}");
        }, cancellation);
        await AddAsync(archive, "dmesg.log", text => CopyAsync(streams.DmesgAsync(follow: false, cancellation), text), cancellation);
        foreach (var service in services)
        {
            var log = streams.LogsAsync(service.Id, LogLines, follow: false, cancellation);
            await AddAsync(archive, $"logs/{service.Id}.log", text => CopyAsync(log, text), cancellation);
        }
        foreach (var (@namespace, type) in Resources)
        {
            if (await reader.YamlAsync(@namespace, type) is { Length: > 0 } yaml)
                await AddAsync(archive, $"resources/{type}.yaml", text => text.WriteAsync(SecretLines.Hide(yaml)), cancellation);
        }
        if (errors.Length > 0)
            await AddAsync(archive, "errors.txt", text => text.WriteAsync(errors.ToString()), cancellation);
    }

    private async Task AddAsync(ZipArchive archive, string name, Func<StreamWriter, Task> write, CancellationToken cancellation)
    {
        await using var text = new StreamWriter(await archive.CreateEntry(name, CompressionLevel.Fastest).OpenAsync(cancellation), new UTF8Encoding(false));
        try
        {
            await write(text);
        }
        catch (RpcException refusal) when (!cancellation.IsCancellationRequested)
        {
            errors.Append(name).Append(": ").Append(refusal.StatusCode).Append(": ").Append(refusal.Status.Detail).Append('\n');
        }
    }

    private static async Task CopyAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> pieces, StreamWriter text)
    {
        var (secrets, decoder, rest, written) = (new SecretLines(), Encoding.UTF8.GetDecoder(), new StringBuilder(), 0);
        var characters = new char[64 << 10];
        await foreach (var piece in pieces)
        {
            for (var at = 0; at < piece.Length; at += characters.Length)
            {
                var part = piece.Span[at..Math.Min(piece.Length, at + characters.Length)];
                rest.Append(characters, 0, decoder.GetChars(part, characters, flush: false));
            }
            // The last piece of a line waits for its end, so that a secret is not cut in two.
            var lines = rest.ToString().Split('\n');
            rest.Clear().Append(lines[^1]);
            foreach (var line in lines[..^1])
            {
                await text.WriteLineAsync(secrets.Next(line));
                written += line.Length;
            }
            if (written > MostBytesOfOnePart)
            {
                await text.WriteLineAsync($"(cut off after {MostBytesOfOnePart >> 20} MiB)");
                return;
            }
        }
        if (rest.Length > 0)
            await text.WriteLineAsync(secrets.Next(rest.ToString()));
    }
}
