using System.Globalization;

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>The faults as people name them.</summary>
public static class FaultNames
{
    private static readonly Dictionary<string, Fault> Names = new()
    {
        ["install-fails"] = Fault.InstallFails,
        ["boots-old-version"] = Fault.BootsOldVersion,
        ["never-returns"] = Fault.NeverReturns,
        ["slow-boot"] = Fault.SlowBoot,
        ["api-flaps"] = Fault.ApiFlaps,
    };

    public static IReadOnlyCollection<string> All => Names.Keys;

    /// <summary>Reads one name.</summary>
    /// <exception cref="UsageException">There is no such fault; the message lists those that there are.</exception>
    public static Fault Parse(string name) => Names.TryGetValue(name, out var fault)
        ? fault
        : throw new UsageException($"There is no fault '{name}'; there are {string.Join(", ", All)}.");

    /// <summary>Reads <c>NAME</c>, which strikes all machines, and <c>NAME@MACHINE</c>; the later word on a machine counts.</summary>
    /// <exception cref="UsageException">A fault or a machine is unknown.</exception>
    public static IReadOnlyDictionary<int, Fault> Parse(IEnumerable<string> texts, int machines)
    {
        var faults = new Dictionary<int, Fault>();
        foreach (var text in texts)
        {
            var parts = text.Split('@', 2);
            var fault = Parse(parts[0]);
            foreach (var number in parts is [_, var machine] ? [Number(machine, machines)] : Enumerable.Range(1, machines))
                faults[number] = fault;
        }
        return faults;
    }

    private static int Number(string machine, int machines) =>
        int.TryParse(machine.TrimStart('m'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= machines
            ? number
            : throw new UsageException($"There is no machine '{machine}'; there are m1 to m{machines}.");
}
