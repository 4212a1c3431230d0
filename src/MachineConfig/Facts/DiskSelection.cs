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

    public static IEnumerable<ConfigProblem> Problems(IReadOnlyList<ConfigLeaf> roots, IReadOnlyList<DiskFacts> disks)
    {
        var selection = new Selection("disk", [.. disks.Select(Name)]);
        var installs = roots.Where(root => root.Kind == "").Select(main => main.Find("machine", "install")).OfType<ConfigLeaf>();
        var matches = roots.Where(root => root.Kind == "UnattendedInstallConfig")
            .Select(document => document.Find("provisioning", "diskSelector", "match")).OfType<ConfigLeaf>();
        return installs.Select(install => Selected(install, disks, selection))
            .Concat(matches.Select(match => Selected(match.Text(), match, disks, selection))).OfType<ConfigProblem>();
    }

    // A selector wins over a path.
    private static ConfigProblem? Selected(ConfigLeaf install, IReadOnlyList<DiskFacts> disks, Selection selection) =>
        install.Find("diskSelector") is { } selector ? selection.One(selector, disks.Where(disk => Matches(selector, disk)).Select(Name))
        : install.Find("disk") is { } disk ? selection.One(disk, disks.Where(d => Is(d, disk.Text())).Select(Name))
        : null;

    // Expressions that say more than a path are for the node to judge.
    private static ConfigProblem? Selected(string expression, ConfigLeaf match, IReadOnlyList<DiskFacts> disks, Selection selection) =>
        DevPath().Match(expression) is { Success: true } path
            ? selection.One(match, disks.Where(d => Is(d, path.Groups["path"].Value)).Select(Name))
            : null;

    private static bool Is(DiskFacts disk, string path) => disk.Device == path || disk.Symlinks.Contains(path);

    private static string Name(DiskFacts disk) => string.Join(' ',
        new[] { disk.Device, $"({disk.SizeBytes / 1_000_000_000} GB)", disk.Model, disk.Serial }.Where(word => word != ""));

    // What Talos adds: no disk that cannot be written, and none that stands on others.
    private static bool Matches(ConfigLeaf selector, DiskFacts disk) =>
        !disk.ReadOnly && !disk.CdRom && disk.Transport != "" && selector.Map().All(field => Matches(field.Name, field.Value.Text(), disk));

    private static bool Matches(string field, string wanted, DiskFacts disk) => (field, wanted) switch
    {
        (_, "") => true,
        ("size", _) => HasSize(disk.SizeBytes, wanted),
        ("model", _) => Glob.Matches(wanted, disk.Model),
        ("serial", _) => Glob.Matches(wanted, disk.Serial),
        ("wwid", _) => Glob.Matches(wanted, disk.Wwid),
        ("uuid", _) => Glob.Matches(wanted, disk.Uuid),
        ("modalias", _) => Glob.Matches(wanted, disk.Modalias),
        ("busPath", _) => Glob.Matches(wanted, disk.BusPath),
        ("type", "nvme") => disk.Transport == "nvme",
        ("type", "sd") => disk.Transport == "mmc",
        ("type", "hdd") => disk.Rotational,
        ("type", "ssd") => !disk.Rotational,
        _ => false,
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
