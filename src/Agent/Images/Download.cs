using System.Net;
using System.Net.Http.Headers;

namespace Cozy.Fleet.Agent.Images;

/// <summary>A download that cannot get better by trying again soon; the message is one sentence for people.</summary>
internal sealed class DownloadRefusedException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>True when the source has no such file.</summary>
    public bool IsMissing { get; init; }
}

/// <summary>How far a download is; the total is 0 while the source did not say.</summary>
internal delegate void DownloadProgress(long fetched, long total);

/// <summary>
/// Fetches a URL into a file, going on where an earlier attempt broke off. Beside the file stands the source's entity tag: without it, and
/// without a checksum to compare in the end, half a file may not be completed with pieces of another one (RFC 9110 13.1.5).
/// </summary>
internal sealed class Download(HttpClient http, TimeProvider clock)
{
    // A server that says nothing for a minute is as good as gone; how long the whole may take depends on the line.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    public static string TagOf(string partial) => partial + ".etag";

    public static void Discard(string partial)
    {
        File.Delete(partial);
        File.Delete(TagOf(partial));
    }

    /// <summary>One attempt. When it returns, the file is whole as far as the source said; what is in it is for the caller to verify.</summary>
    /// <param name="verified">The caller compares a checksum afterwards: a source without entity tags may be resumed as well.</param>
    /// <param name="room">Told the size before anything is written; throws when there is no room.</param>
    /// <exception cref="DownloadRefusedException">The source has no such file, or is not to be trusted.</exception>
    /// <exception cref="IOException">The connection broke; another attempt goes on where this one ended.</exception>
    /// <exception cref="HttpRequestException">The source is not there, or in trouble.</exception>
    public async Task RunAsync(
        Uri url, string partial, bool verified, (Action<long> Room, DownloadProgress Progress) told, CancellationToken cancellation)
    {
        if (url.IsFile)
        {
            await CopyFileAsync(url, partial, told, cancellation);
            return;
        }
        using var response = await AskAsync(url, partial, verified, cancellation);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            if (response.Content.Headers.ContentRange?.Length == LengthOf(partial))
                return; // It was whole already.
            Discard(partial);
            throw new IOException($"{url} became shorter while it was fetched");
        }
        Check(url, response);
        var start = response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? 0 : 0;
        var total = response.Content.Headers.ContentLength is { } rest ? start + rest : 0;
        told.Room(total - LengthOf(partial));
        await KeepTagAsync(partial, response, cancellation);
        await using var target = Open(partial, start);
        await using var source = await response.Content.ReadAsStreamAsync(cancellation);
        await CopyAsync((source, target, total), told, cancellation);
        if (total > 0 && target.Length != total)
            throw new IOException($"{url} broke off after {target.Length} of {total} bytes");
    }

    private async Task<HttpResponseMessage> AskAsync(Uri url, string partial, bool verified, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        var tag = File.Exists(TagOf(partial)) ? await File.ReadAllTextAsync(TagOf(partial), cancellation) : "";
        var length = LengthOf(partial);
        if (length > 0 && (verified || tag != ""))
        {
            request.Headers.Range = new RangeHeaderValue(length, null);
            if (EntityTagHeaderValue.TryParse(tag, out var known))
                request.Headers.IfRange = new RangeConditionHeaderValue(known);
        }
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).WaitAsync(LongestSilence, clock, cancellation);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new DownloadRefusedException($"{url}: the server's certificate is not trusted: {failure.InnerException?.Message ?? failure.Message}", failure);
        }
    }

    private static void Check(Uri url, HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
            return;
        var sentence = $"{url} answers {(int)response.StatusCode} {response.ReasonPhrase}";
        throw response.StatusCode switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone =>
                new DownloadRefusedException($"{sentence}: there is no such file; check the URL, or the schematic, version and architecture")
                {
                    IsMissing = true,
                },
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError =>
                new HttpRequestException(sentence, null, response.StatusCode),
            _ => new DownloadRefusedException(sentence),
        };
    }

    private static async Task KeepTagAsync(string partial, HttpResponseMessage response, CancellationToken cancellation)
    {
        // A weak tag does not vouch for bytes.
        if (response.Headers.ETag is { IsWeak: false } tag)
            await File.WriteAllTextAsync(TagOf(partial), tag.Tag, cancellation);
        else
            File.Delete(TagOf(partial));
    }

    private static FileStream Open(string partial, long start)
    {
        var target = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        if (start > target.Length)
        {
            target.Dispose();
            throw new IOException($"the source went on at byte {start}, which was not asked for");
        }
        target.SetLength(start);
        target.Position = start;
        return target;
    }

    private async Task CopyFileAsync(
        Uri url, string partial, (Action<long> Room, DownloadProgress Progress) told, CancellationToken cancellation)
    {
        if (!File.Exists(url.LocalPath))
            throw new DownloadRefusedException($"{url}: there is no such file on the agent's host");
        await using var source = new FileStream(url.LocalPath, FileMode.Open, FileAccess.Read, FileShare.Read);
        told.Room(source.Length - LengthOf(partial));
        await using var target = Open(partial, 0);
        await CopyAsync((source, target, source.Length), told, cancellation);
    }

    private async Task CopyAsync(
        (Stream Source, FileStream Target, long Total) copy, (Action<long> Room, DownloadProgress Progress) told, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 20];
        while (true)
        {
            var read = await copy.Source.ReadAsync(buffer, cancellation).AsTask().WaitAsync(LongestSilence, clock, cancellation);
            if (read == 0)
                return;
            told.Room(read); // A source need not say its size, and others fetch at the same time.
            await copy.Target.WriteAsync(buffer.AsMemory(0, read), cancellation);
            told.Progress(copy.Target.Position, copy.Total);
        }
    }

    private static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
