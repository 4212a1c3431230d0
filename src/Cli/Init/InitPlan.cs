using System.Net;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Cli.Init;

/// <summary>A machine and what it is to become.</summary>
internal sealed record PlannedMachine(Node Node, MachineAnswers Answers)
{
    public bool IsControlPlane => Answers.Type == MachineType.ControlPlane;
}

/// <summary>A cluster as the answers make it: every question has its answer, and every machine is there.</summary>
internal sealed record InitPlan(string Name, SemanticVersion Talos, ClusterAnswers Answers, IReadOnlyList<PlannedMachine> Machines)
{
    public string Image => Answers.Image;

    /// <summary>Empty when the coordinator takes the address of the first control plane.</summary>
    public string Endpoint => Answers.Endpoint != "" ? Answers.Endpoint
        : Machines.First(machine => machine.IsControlPlane).Answers.Endpoint?.GetLeftPart(UriPartial.Authority) ?? "";

    /// <summary>What a person should know before it is done; nothing of it is wrong.</summary>
    public IEnumerable<string> Notes()
    {
        var controlPlanes = Machines.Where(machine => machine.IsControlPlane).ToArray();
        if (controlPlanes.Length > 1 && Answers is { Endpoint: "", SharedAddress: "" })
            yield return $"Without a shared address nobody reaches the Kubernetes API while {controlPlanes[0].Answers.Hostname} is down.";
        if (controlPlanes.Length % 2 == 0)
            yield return $"{controlPlanes.Length} control planes bear the loss of no more of them than {controlPlanes.Length - 1} do.";
        foreach (var (node, answers) in Machines)
        {
            if (answers.Addresses.Count > 0 && answers.Addresses.All(address => address.Split('/')[0] != node.Status.Address))
            {
                var addresses = string.Join(", ", answers.Addresses);
                yield return $"{answers.Hostname} moves from {node.Status.Address} to {addresses} with its config.";
            }
        }
    }

    /// <summary>Null when something is wrong; then the problems say all of it.</summary>
    public static InitPlan? Make(string name, ClusterAnswers given, Inventory inventory, out IReadOnlyList<AnswerProblem> problems)
    {
        var found = new List<AnswerProblem>();
        var answers = given.Clone();
        answers.Rack = inventory.Rack.Metadata.Name;
        var talos = Versions(answers, inventory, found);
        found.AddRange(Networks(answers));
        var machines = new List<(int Index, PlannedMachine Machine)>();
        for (var i = 0; i < answers.Machines.Count; i++)
        {
            if (MachinePlan.Make(new(name, answers, i), inventory, found) is { } machine)
                machines.Add((i, machine));
        }
        found.AddRange(PlanConflicts.Problems(answers, machines));
        problems = found;
        return found.Count == 0 ? new(name, talos!, answers, [.. machines.Select(machine => machine.Machine)]) : null;
    }

    /// <summary>What the machines of the rack run now, else the only image; null when that does not say.</summary>
    public static Image? DefaultImage(Inventory inventory) =>
        inventory.Images.FirstOrDefault(image => image.Metadata.Name == inventory.Rack.Spec?.DiscoveryImage)
            ?? (inventory.Images is [var only] ? only : null);

    private static SemanticVersion? Versions(ClusterAnswers answers, Inventory inventory, List<AnswerProblem> problems)
    {
        var image = answers.Image == "" ? DefaultImage(inventory)
            : inventory.Images.FirstOrDefault(candidate => candidate.Metadata.Name == answers.Image);
        if (image is null)
        {
            var known = inventory.Images.Count == 0 ? "apply one first" : string.Join(", ", inventory.Images.Select(i => i.Metadata.Name));
            problems.Add(new("image", answers.Image == "" ? $"is missing: {known}" : $"there is no image '{answers.Image}': {known}"));
            return null;
        }
        answers.Image = image.Metadata.Name;
        var talos = SemanticVersion.Parse(image.Spec.TalosVersion);
        if (answers.KubernetesVersion == "")
            answers.KubernetesVersion = VersionRules.NewestKubernetes(talos)?.ToString() ?? "";
        if (!SemanticVersion.TryParse(answers.KubernetesVersion, out var kubernetes))
            problems.Add(new("kubernetes_version", $"'{answers.KubernetesVersion}' is not a version such as v1.36.3"));
        else if (VersionRules.Problem(talos, kubernetes) is { } problem)
            problems.Add(new("kubernetes_version", problem));
        return talos;
    }

    private static IEnumerable<AnswerProblem> Networks(ClusterAnswers answers)
    {
        if (answers.Endpoint != ""
            && !(Uri.TryCreate(answers.Endpoint, UriKind.Absolute, out var url) && url is { Scheme: "https", AbsolutePath: "/" }))
            yield return new("endpoint", $"'{answers.Endpoint}' is not https://HOST:PORT");
        if (answers.SharedAddress != "" && !IPAddress.TryParse(answers.SharedAddress, out _))
            yield return new("shared_address", $"'{answers.SharedAddress}' is no address");
        foreach (var (index, server) in answers.TimeServers.Index())
        {
            if (Uri.CheckHostName(server) == UriHostNameType.Unknown)
                yield return new($"time_servers[{index}]", $"'{server}' is neither a name nor an address");
        }
        foreach (var (field, subnets) in new[] { ("pod_subnets", answers.PodSubnets), ("service_subnets", answers.ServiceSubnets) })
        {
            foreach (var (index, subnet) in subnets.Index())
            {
                if (!IPNetwork.TryParse(subnet, out _))
                    yield return new($"{field}[{index}]", $"'{subnet}' is not a network such as 10.244.0.0/16");
            }
        }
    }
}
