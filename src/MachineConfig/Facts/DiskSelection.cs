using System.Globalization;
using System.Text.RegularExpressions;
using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;

namespace Cozy.Fleet.MachineConfig.Facts;

/// <summary>The disks that a config names for the installation.</summary>
internal static partial class DiskSelection
{
    // Decimal and binary prefixes, as both are written on disks and in configs.
    private const string Prefixes = "KMGTP";

    private const string SymlinkDirectory = "/dev/disk/";

    /// <param name="sparesUnknown">A disk of which the node did not say enough may be the one.</param>
    public static IEnumerable<ConfigProblem> Problems(IReadOnlyList<ConfigLeaf> roots, IReadOnlyList<DiskFacts> disks, bool sparesUnknown)
    {
        var selection = new Selection("disk", [.. disks.Select(Name)], sparesUnknown);
        var installs = roots.Where(root => root.Kind == "").Select(main => main.Find("machine", "install")).OfType<ConfigLeaf>();
        var matches = roots.Where(root => root.Kind == "UnattendedInstallConfig")
            .Select(document => document.Find("provisioning", "diskSelector", "match")).OfType<ConfigLeaf>();
        return installs.Select(install => Selected(install, disks, selection))
            .Concat(matches.Select(match => Selected(match.Text(), match, disks, selection))).OfType<ConfigProblem>();
    }

    // A selector wins over a path.
    private static ConfigProblem? Selected(ConfigLeaf install, IReadOnlyList<DiskFacts> disks, Selection selection) =>
        install.Find("diskSelector") is { } selector ? selection.One(selector, disks.Select(disk => (Name(disk), Matches(selector, disk))))
        : install.Find("disk") is { } path ? selection.One(path, disks.Select(disk => (Name(disk), Is(disk, path.Text()))))
        : null;

    // Expressions that say more than a path are for the node to judge.
    private static ConfigProblem? Selected(string expression, ConfigLeaf match, IReadOnlyList<DiskFacts> disks, Selection selection) =>
        DevPath().Match(expression) is { Success: true } path
            ? selection.One(match, disks.Select(disk => (Name(disk), Is(disk, path.Groups["path"].Value))))
            : null;

    private static Match Is(DiskFacts disk, string path) =>
        disk.Device == path || disk.Symlinks.Contains(path) ? Match.Yes
        : disk.Symlinks.Count == 0 && path.StartsWith(SymlinkDirectory, StringComparison.Ordinal) ? Match.Unknown
        : Match.No;

    private static string Name(DiskFacts disk) => string.Join(' ',
        new[] { disk.Device, $"({disk.SizeBytes / 1_000_000_000} GB)", disk.Model, disk.Serial }.Where(word => word != ""));

    // What Talos adds: no disk that cannot be written, and none that stands on others, which has no transport.
    private static Match Matches(ConfigLeaf selector, DiskFacts disk)
    {
        if (disk.ReadOnly || disk.CdRom)
            return Match.No;
        var fields = Selection.Of(selector, (field, wanted) => Matches(field, wanted, disk));
        return fields == Match.Yes && disk.Transport == "" ? Match.Unknown : fields;
    }

    private static Match Matches(string field, string wanted, DiskFacts disk) => (field, wanted) switch
    {
        ("size", _) => Selection.Is(HasSize(disk.SizeBytes, wanted)),
        ("model", _) => Selection.Fits(wanted, disk.Model),
        ("serial", _) => Selection.Fits(wanted, disk.Serial),
        ("wwid", _) => Selection.Fits(wanted, disk.Wwid),
        ("uuid", _) => Selection.Fits(wanted, disk.Uuid),
        ("modalias", _) => Selection.Fits(wanted, disk.Modalias),
        ("busPath", _) => Selection.Fits(wanted, disk.BusPath),
        ("type", "nvme") => Selection.Fits("nvme", disk.Transport),
        ("type", "sd") => Selection.Fits("mmc", disk.Transport),
        ("type", "hdd") => Selection.Is(disk.Rotational),
        ("type", "ssd") => Selection.Is(!disk.Rotational),
        _ => Match.Unknown,
    };

    private static bool HasSize(ulong size, string wanted)
    {
        if (Size().Match(wanted) is not { Success: true } match)
            return false;
        var unit = match.Groups["binary"].Success ? 1024m : 1000m;
        var limit = decimal.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture);
        var prefix = match.Groups["prefix"].Value;
        var power = prefix == "" ? 0 : Prefixes.IndexOf(prefix, StringComparison.OrdinalIgnoreCase) + 1;
        for (var i = 0; i < power; i++)
            limit *= unit;
        return match.Groups["operator"].Value switch
        {
            ">=" => size >= limit,
            "<=" => size <= limit,
            ">" => size > limit,
            "<" => size < limit,
            _ => size == limit,
        };
    }

    [GeneratedRegex(
        "^\\s*(?<operator>[<>=]=?)?\\s*(?<number>[0-9]{1,15}(\\.[0-9]{1,6})?)\\s*(?<prefix>[KMGTP])?(?<binary>i)?B?\\s*$",
        RegexOptions.IgnoreCase)]
    private static partial Regex Size();

    [GeneratedRegex("^\\s*disk\\.dev_path\\s*==\\s*([\"'])(?<path>[^\"']+)\\1\\s*$")]
    private static partial Regex DevPath();
}
