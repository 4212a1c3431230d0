using System.Globalization;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Sizes as people write them.</summary>
internal static class ByteSizes
{
    private static readonly string[] Units = ["KiB", "MiB", "GiB", "TiB"];

    public static bool TryParse(string text, out long size)
    {
        size = 0;
        var unit = Array.FindIndex(Units, text.EndsWith);
        return unit >= 0
            && long.TryParse(text[..^3], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 1 << 20
            && (size = number << (10 * (unit + 1))) > 0;
    }

    public static string Text(long size)
    {
        var (unit, value) = (0, size / 1024d);
        for (; value >= 1024 && unit < Units.Length - 1; unit++)
            value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }
}
