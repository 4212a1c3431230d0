using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.MachineConfig;
using ConfigPatch = Cozy.Fleet.Contracts.V1.ConfigPatch;

namespace Cozy.Fleet.Cli.Init;

/// <summary>A plan as documents that `apply` reads: a Node for each machine, then the Cluster.</summary>
internal static class InitDocuments
{
    public static string Text(InitPlan plan) => string.Join("---\n",
        plan.Machines.Select(machine => Yaml.Document(KindTable.Node, Node(machine)))
            .Append(Yaml.Document(KindTable.Cluster, Cluster(plan))));

    // A document replaces spec, labels and annotations: what was said of the machine before stays said.
    private static Node Node(PlannedMachine machine)
    {
        var (node, answers) = machine;
        var spec = node.Spec?.Clone() ?? new();
        (spec.Acceptance, spec.Bmc, spec.Hostname, spec.InstallDisk) = (null, null, answers.Hostname, answers.InstallDisk);
        return new()
        {
            Metadata = new()
            {
                Name = node.Metadata.Name, Labels = { node.Metadata.Labels }, Annotations = { node.Metadata.Annotations },
            },
            Spec = spec,
        };
    }

    private static Cluster Cluster(InitPlan plan)
    {
        var spec = new ClusterSpec
        {
            Endpoint = plan.Endpoint,
            Image = plan.Image,
            KubernetesVersion = plan.Answers.KubernetesVersion,
            ControlPlane = new() { Nodes = { Names(plan, controlPlanes: true) } },
            PodSubnets = { plan.Answers.PodSubnets },
            ServiceSubnets = { plan.Answers.ServiceSubnets },
        };
        if (plan.Machines.Any(machine => !machine.IsControlPlane))
            spec.Workers = new() { Nodes = { Names(plan, controlPlanes: false) } };
        if (plan.Answers.TimeServers.Count > 0)
            spec.Patches.Add(new ConfigPatch { Name = "time", Yaml = TimeServers(plan.Answers.TimeServers) });
        var contract = MachineConfigInput.ContractFor(plan.Talos);
        spec.Patches.Add(plan.Machines.Select(machine => new ConfigPatch
        {
            Name = $"network-{machine.Answers.Hostname}",
            Nodes = { machine.Node.Metadata.Name },
            Yaml = MachinePatch.Of(machine.Answers, contract),
        }));
        return new() { Metadata = new() { Name = plan.Name }, Spec = spec };
    }

    private static IEnumerable<string> Names(InitPlan plan, bool controlPlanes) =>
        plan.Machines.Where(machine => machine.IsControlPlane == controlPlanes).Select(machine => machine.Node.Metadata.Name);

    private static string TimeServers(IEnumerable<string> servers) =>
        $"machine:\n  time:\n    servers:\n{string.Concat(servers.Select(server => $"      - {server}\n"))}";
}
