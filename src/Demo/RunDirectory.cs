using System.Globalization;

namespace Cozy.Fleet.Demo;

/// <summary>Where everything of one run is.</summary>
internal sealed record RunDirectory(string Root)
{
    public string CoordinatorData => Path.Combine(Root, "coordinator");

    /// <summary>Written by the coordinator at its first start: endpoint and credentials of an operator.</summary>
    public string Context => Path.Combine(CoordinatorData, "admin.yaml");

    public string CoordinatorLog => Path.Combine(Root, "coordinator.log");

    public string AgentData => Path.Combine(Root, "agent");

    public string AgentConfig => Path.Combine(Root, "agent.yaml");

    public string AgentLog => Path.Combine(Root, "agent.log");

    public string Loaders => Path.Combine(Root, "ipxe");

    public string Images => Path.Combine(Root, "images");

    public string Kubeconfig => Path.Combine(Root, "kubeconfig");

    /// <summary>What happened to the machines, as the simulator saw it.</summary>
    public string MachinesLog => Path.Combine(Root, "machines.log");

    public IReadOnlyList<string> Logs => [CoordinatorLog, AgentLog, MachinesLog];

    /// <exception cref="DemoFailure">There is an older run.</exception>
    public void Create()
    {
        if (Directory.Exists(CoordinatorData))
            throw new DemoFailure($"{Root} holds an earlier run; name another directory, or remove this one.");
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Loaders);
        Directory.CreateDirectory(Images);
    }

    public static string LogLine(Simulator.MachineEvent happened) => string.Create(CultureInfo.InvariantCulture,
        $"{happened.Time:HH:mm:ss.fff} {happened.Machine} {happened.What} {happened.Detail}");
}
