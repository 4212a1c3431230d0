using System.Globalization;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>Durations as people type them: 30s, 10m, 12h, 7d, or several of them as in 1h30m.</summary>
internal static class Durations
{
    // A hundred thousand days are far within what a TimeSpan holds.
    private const int Most = 100_000;

    public static bool TryParse(string text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits < 1 || !int.TryParse(rest[..digits], CultureInfo.InvariantCulture, out var count) || count > Most
                || Unit(rest[digits]) is not { } unit)
                return false;
            span += count * unit;
            rest = rest[(digits + 1)..];
        }
        return text != "";
    }

    private static TimeSpan? Unit(char letter) => letter switch
    {
        's' => TimeSpan.FromSeconds(1),
        'm' => TimeSpan.FromMinutes(1),
        'h' => TimeSpan.FromHours(1),
        'd' => TimeSpan.FromDays(1),
        _ => null,
    };
}
