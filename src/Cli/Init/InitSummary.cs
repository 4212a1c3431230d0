using Cozy.Fleet.Cli.Output;

namespace Cozy.Fleet.Cli.Init;

/// <summary>A plan for a person to look at before anything is done.</summary>
internal static class InitSummary
{
    public static IEnumerable<string> Lines(InitPlan plan) =>
    [
        $"cluster {plan.Name}: Talos {plan.Talos} ({plan.Image}), Kubernetes {plan.Answers.KubernetesVersion}, "
            + $"endpoint {(plan.Endpoint == "" ? "at the first control plane" : plan.Endpoint)}",
        .. Table.Rows(["MACHINE", "ROLE", "HOSTNAME", "DISK", "LINK", "ADDRESSES"], plan.Machines.Select(Row)),
        .. plan.Notes().Select(note => $"note: {Table.Printable(note)}"),
    ];

    private static IReadOnlyList<string> Row(PlannedMachine machine)
    {
        var answers = machine.Answers;
        return
        [
            machine.Node.Metadata.Name, machine.IsControlPlane ? MachinePlan.ControlPlane : MachinePlan.Worker, answers.Hostname,
            Disk(machine), answers.Bond is { } bond ? $"{answers.Link} ({string.Join(", ", bond.Members)})" : answers.Link,
            answers.Addresses.Count == 0 ? "DHCP" : string.Join(", ", answers.Addresses),
        ];
    }

    private static string Disk(PlannedMachine machine)
    {
        var device = machine.Answers.InstallDisk;
        var disk = machine.Node.Status.Facts.Disks.First(candidate => candidate.Device == device);
        return $"{device} ({Words.Bytes(disk.SizeBytes)})";
    }
}
