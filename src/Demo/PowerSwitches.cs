using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Demo;

/// <summary>What a person in front of the rack can do: pull a machine's plug, and put it back.</summary>
internal sealed class PowerSwitches(SimulatedRack rack, FleetView view)
{
    public const string Usage = "off MACHINE and on MACHINE switch one, by its hostname or by the name in machines.log";

    /// <summary>Does what one line says.</summary>
    /// <returns>What is so now.</returns>
    public async Task<string> DoAsync(string line)
    {
        if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [("on" or "off") and var what, var name])
            return Usage;
        if (Find(name) is not { } machine)
            return $"there is no machine {name}; there are {string.Join(", ", rack.Machines.Select(m => m.Options.Name))}";
        if (what == "on")
            rack.PlugOf(machine).On();
        else
            await rack.PlugOf(machine).OffAsync();
        return $"{machine.Options.Name} is {what}";
    }

    private SimulatedMachine? Find(string name)
    {
        var macs = view.Nodes.FirstOrDefault(node => node.Status.Hostname == name)?.Status.Macs;
        return rack.Machines.FirstOrDefault(machine =>
            machine.Options.Name == name || macs?.Contains(machine.Options.Mac.ToString()) == true);
    }
}
