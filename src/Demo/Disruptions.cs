using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Demo;

/// <summary>What really happened to the machines, told by the machines and not by who was working on them.</summary>
internal static class Disruptions
{
    /// <summary>How many machines were down at once, at most: each from going down to being ready again.</summary>
    /// <param name="history">In the order of happening, from the start of the rollout on.</param>
    public static int MostAtOnce(IEnumerable<MachineEvent> history)
    {
        var down = new HashSet<string>();
        var most = 0;
        foreach (var happened in history)
        {
            if (happened.What == "down")
                down.Add(happened.Machine);
            else if (happened.What == "ready")
                down.Remove(happened.Machine);
            most = Math.Max(most, down.Count);
        }
        return most;
    }

    /// <summary>How often an upgrade's installer started on a machine, whatever came of it.</summary>
    public static int Upgrades(IEnumerable<MachineEvent> history, string machine) =>
        history.Count(e => e.Machine == machine && e.What == "installer");
}
