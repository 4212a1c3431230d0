using System.Text.RegularExpressions;
using Cozy.Fleet.MachineConfig.Documents;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>What must be right in <c>machine</c> besides network and trust.</summary>
internal static partial class MachineRules
{
    private static readonly string[] Types = ["controlplane", "worker", "init", "join"];

    private static readonly string[] Openers = ["static", "nodeID", "kms", "tpm"];

    public static IEnumerable<ConfigProblem> Problems(WholeConfig config, ConfigLeaf main)
    {
        if (main.Find("machine") is not { } machine)
            return [main.Missing("machine", "without it there is no machine to configure")];
        return Basics(main, machine).Concat(Install(config, machine)).Concat(Features(config, machine)).Concat(Registries(machine))
            .Concat(Encryption(machine)).Concat(Names(machine));
    }

    private static IEnumerable<ConfigProblem> Basics(ConfigLeaf main, ConfigLeaf machine)
    {
        if (machine.Find("type") is not { } type)
            yield return machine.Missing("type", "it is controlplane or worker");
        else if (!Types.Contains(type.Text()))
            yield return type.Problem($"machine.type is controlplane or worker, not {type.Text()}.");
        if (main.Find("persist") is { } persist && !persist.IsTrue())
            yield return persist.Problem("persist is true: a node keeps its config.");
        foreach (var disk in machine.List("disks").Where(disk => disk.Node.IsNull()))
            yield return disk.Problem($"{disk.Place} is empty.");
    }

    // From 1.14 a document may say where to install, or nothing.
    private static IEnumerable<ConfigProblem> Install(WholeConfig config, ConfigLeaf machine)
    {
        if (machine.Find("install") is not { } install)
        {
            if (!config.Since(14))
                yield return machine.Missing("install", "a machine is installed to a disk before it runs");
            yield break;
        }
        if (install.Text("disk") == "" && install.Find("diskSelector") is null)
            yield return install.Problem("machine.install has neither disk nor diskSelector, and needs one of them.");
        if (install.List("extraKernelArgs") is [var first, ..] && install.IsTrue("grubUseUKICmdline"))
            yield return first.Problem("machine.install.extraKernelArgs do not work with grubUseUKICmdline; put them into the image.");
    }

    private static IEnumerable<ConfigProblem> Features(WholeConfig config, ConfigLeaf machine)
    {
        if (machine.Find("features", "hostDNS") is { } dns && dns.IsTrue("forwardKubeDNSToHost") && !dns.IsTrue("enabled"))
            yield return dns.Problem($"{dns.Place}.forwardKubeDNSToHost needs enabled: true beside it.");
        if (machine.Find("features", "kubernetesTalosAPIAccess") is { } access && access.IsTrue("enabled") && !config.IsControlPlane)
            yield return access.Problem($"{access.Place} is for control planes only.");
    }

    private static IEnumerable<ConfigProblem> Registries(ConfigLeaf machine) =>
        machine.Map("registries", "mirrors").Concat(machine.Map("registries", "config"))
            .Where(entry => entry.Value.Node.IsNull())
            .Select(entry => entry.Value.Problem($"{entry.Value.Place} is empty."));

    private static IEnumerable<ConfigProblem> Encryption(ConfigLeaf machine)
    {
        foreach (var (_, partition) in machine.Map("systemDiskEncryption").Where(p => !p.Value.Node.IsNull()))
        {
            var keys = partition.List("keys");
            if (keys.Length == 0)
                yield return partition.Missing("keys", "something must open the partition");
            foreach (var key in keys.Where(key => Array.TrueForAll(Openers, opener => key.Find(opener) is null)))
                yield return key.Problem($"{key.Place} has none of static, nodeID, kms and tpm, and needs one.");
            foreach (var key in keys.GroupBy(k => k.Text("slot")).SelectMany(group => group.Skip(1)))
                yield return key.Problem($"{key.Place} has the slot {key.Text("slot")} of another key.");
        }
    }

    private static IEnumerable<ConfigProblem> Names(ConfigLeaf machine)
    {
        foreach (var (name, value) in machine.Map("nodeLabels").Concat(machine.Map("nodeTaints")).Concat(machine.Map("nodeAnnotations")))
        {
            if (!QualifiedName().IsMatch(name))
                yield return value.Problem($"{value.Place}: '{name}' is no name of Kubernetes, such as example.org/rack.");
        }
        foreach (var (_, label) in machine.Map("nodeLabels").Where(l => !LabelValue().IsMatch(l.Value.Text())))
            yield return label.Problem($"{label.Place} is at most 63 letters, digits, '-', '_' and '.', not {label.Text()}.");
        foreach (var (_, taint) in machine.Map("nodeTaints").Where(t => !Taint().IsMatch(t.Value.Text())))
            yield return taint.Problem($"{taint.Place} is an effect, after a value and a colon if you like: NoSchedule, x:NoSchedule.");
    }

    [GeneratedRegex("^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")]
    private static partial Regex QualifiedName();

    [GeneratedRegex("^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$")]
    private static partial Regex LabelValue();

    [GeneratedRegex("^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?:?(NoSchedule|PreferNoSchedule|NoExecute)$")]
    private static partial Regex Taint();
}
