namespace Cozy.Fleet.Vm;

/// <summary>What `./fleet vm` shows while the test runs: each program's and each machine's lines with its name before them.</summary>
internal static class Show
{
    /// <summary>The run is watched by a person.</summary>
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("COZY_FLEET_VM_SHOW") == "1";

    /// <summary>When all is done, the machines stay until Ctrl-C.</summary>
    public static bool Keeps { get; } = Environment.GetEnvironmentVariable("COZY_FLEET_VM_KEEP") == "1";

    /// <summary>The rows that take long run as well.</summary>
    public static bool All { get; } = Environment.GetEnvironmentVariable("COZY_FLEET_VM_ALL") == "1";

    public static void Line(string name, string line)
    {
        if (IsOn)
            Console.Out.WriteLine($"{name,-11} | {line}");
    }
}
