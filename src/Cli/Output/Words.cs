using System.Globalization;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Cli.Output;

/// <summary>How values are said to people.</summary>
internal static class Words
{
    /// <summary>NODE_PHASE_PENDING_ACCEPTANCE is said as PendingAcceptance; unspecified is said as nothing.</summary>
    public static string Of<T>(T value)
        where T : struct, System.Enum
    {
        if (Convert.ToInt32(value, CultureInfo.InvariantCulture) == 0)
            return "";
        return value.ToString();
    }

    /// <summary>How long ago, in the largest unit that fits: 42s, 7m, 3h, 12d.</summary>
    public static string Age(Timestamp? then, DateTimeOffset now) =>
        then is null ? "" : Span(now - then.ToDateTimeOffset());

    public static string Span(TimeSpan span) => span switch
    {
        { TotalSeconds: < 0 } => "0s",
        { TotalMinutes: < 2 } => $"{(int)span.TotalSeconds}s",
        { TotalHours: < 2 } => $"{(int)span.TotalMinutes}m",
        { TotalDays: < 2 } => $"{(int)span.TotalHours}h",
        _ => $"{(int)span.TotalDays}d",
    };

    public static string Time(Timestamp? time) => time is null ? "" : Time(time.ToDateTimeOffset());

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Why something is not there yet: the same words everywhere.</summary>
    public static string Waiting(Waiting? waiting)
    {
        if (waiting is null || waiting.WaitsFor == "")
            return "";
        var observed = waiting.Observed == "" ? "" : $"; seen: {waiting.Observed}";
        var unblocked = waiting.UnblockedBy == "" ? "" : $"; unblocked by: {waiting.UnblockedBy}";
        return waiting.WaitsFor + observed + unblocked;
    }

    public static string Bytes(ulong bytes) => bytes switch
    {
        0 => "",
        < 1UL << 20 => $"{bytes} B",
        < 1UL << 30 => $"{bytes / (double)(1UL << 20):0.#} MiB",
        < 1UL << 40 => $"{bytes / (double)(1UL << 30):0.#} GiB",
        _ => $"{bytes / (double)(1UL << 40):0.#} TiB",
    };

    public static string YesNo(bool value) => value ? "yes" : "no";

    public static string Pairs(IEnumerable<KeyValuePair<string, string>> pairs) =>
        string.Join(", ", pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
}
