using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Demo.Screens;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Demo;

/// <summary>Puts together what the coordinator says and what the simulator saw since the rollout began.</summary>
internal sealed class SummaryBuilder(Journey journey, FleetView view, IReadOnlyList<MachineEvent> history)
{
    public Summary Build(
        IReadOnlyList<Rollout> rollouts, PhaseTimes phases, IReadOnlyDictionary<string, string> boots, RunDirectory directory,
        IReadOnlyList<SimulatedMachine> machines)
    {
        string Machine(string node) => machines.First(m => journey.IsMachine(node, m)).Options.Name;
        return new()
        {
            Nodes = [.. view.Nodes.Select(n => Node(n, Machine(n.Metadata.Name), boots))],
            Rollouts = [.. rollouts.Select(Rollout)],
            MaxConcurrentDisruptions = Disruptions.MostAtOnce(history),
            Phases = phases,
            TraceIds = new([.. boots.Values.Where(id => id != "")], rollouts[^1].Status.TraceId),
            Directory = directory.Root,
            Logs = directory.Logs,
        };
    }

    private static RolloutSummary Rollout(Rollout rollout) => new(
        rollout.Metadata.Name, rollout.Status.State.ToString(), rollout.Status.TraceId, rollout.Status.StopReason,
        [.. rollout.Status.Nodes.Where(n => n.DisruptionStartTime is not null).Select(Step)]);

    private NodeSummary Node(Node node, string machine, IReadOnlyDictionary<string, string> boots) =>
        new(node.Metadata.Name, node.Status.Hostname, Boards.RoleName(node.Status.Role), node.Status.Firmware.ToString())
        {
            TalosVersion = node.Status.TalosVersion,
            Address = node.Status.Address,
            BootTraceId = boots.GetValueOrDefault(node.Metadata.Name, ""),
            Upgrades = Disruptions.Upgrades(history, machine),
        };

    private static StepSummary Step(RolloutNode node) => new(
        node.Node, node.Hostname, node.DisruptionStartTime.ToDateTimeOffset(), node.DisruptionEndTime?.ToDateTimeOffset());
}
