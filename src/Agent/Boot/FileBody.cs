using Microsoft.Net.Http.Headers;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Serves a file with HEAD, ETag and one range.</summary>
internal static class FileBody
{
    /// <returns>How many bytes of the body were sent.</returns>
    public static async Task<long> ServeAsync(HttpContext context, string path, string tag)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        var response = context.Response;
        response.ContentType = path.EndsWith(".efi", StringComparison.Ordinal) ? "application/efi" : "application/octet-stream";
        response.Headers.ETag = $"\"{tag}\"";
        response.Headers.AcceptRanges = "bytes";
        if (context.Request.Headers.IfMatch is { Count: > 0 } match && match != "*" && match != response.Headers.ETag)
        {
            // A half-loaded file is not to be completed with pieces of another one.
            response.StatusCode = 412;
            return 0;
        }
        if (context.Request.Headers.IfNoneMatch == response.Headers.ETag)
        {
            response.StatusCode = 304;
            return 0;
        }
        if (!TryRange(context, length, out var from, out var count))
        {
            response.StatusCode = 416;
            response.Headers.ContentRange = $"bytes */{length}";
            return 0;
        }
        response.ContentLength = count;
        if (HttpMethods.IsHead(context.Request.Method))
            return 0;
        if (context.Features.Get<FileOutput>() is { } output)
            return await output.SendAsync(context.Response.BodyWriter, new(file, from, count));
        await context.Response.SendFileAsync(path, from, count, context.RequestAborted); // A response in memory.
        return count;
    }

    private static bool TryRange(HttpContext context, long length, out long from, out long count)
    {
        (from, count) = (0, length);
        // Several ranges, none that we read, or pieces of another file: the whole file is a right answer (RFC 9110 13.1.5, 14.2).
        if (!RangeHeaderValue.TryParse(context.Request.Headers.Range.ToString(), out var header) || header.Ranges.Count != 1
            || header.Unit != "bytes" || (context.Request.Headers.IfRange is { Count: > 0 } other && other != context.Response.Headers.ETag))
            return true;
        var range = header.Ranges.First();
        from = range.From ?? Math.Max(0, length - (range.To ?? 0));
        var last = range.From is null ? length - 1 : Math.Min(range.To ?? (length - 1), length - 1);
        count = last - from + 1;
        if (from >= length || count <= 0)
            return false;
        context.Response.StatusCode = 206;
        context.Response.Headers.ContentRange = $"bytes {from}-{last}/{length}";
        return true;
    }
}
