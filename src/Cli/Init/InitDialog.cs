using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Cli.Init;

/// <summary>
/// The answers of a person, asked in the order and with the defaults of talos-bootstrap (talos.md 8.2), but for all machines of a
/// cluster at once. What cannot be used is said and asked again, with what was answered as the default.
/// </summary>
internal sealed class InitDialog(Questions ask, string cluster, Inventory inventory)
{
    private readonly ClusterAnswers answers = new() { Rack = inventory.Rack.Metadata.Name };

    /// <exception cref="Failure">No machine of the rack can become a member.</exception>
    public async Task<ClusterAnswers> AnswersAsync()
    {
        if (inventory.Free.Count == 0)
            throw new Failure(ExitCode.Refused, $"Rack {answers.Rack} has no machine in maintenance mode to make a cluster of.",
                [.. inventory.Nodes.Select(node => $"{node.Metadata.Name} {Inventory.WhyNot(node)}")]);
        await AskVersionsAsync();
        await ChooseMachinesAsync();
        for (var i = 0; i < answers.Machines.Count; i++)
            await new MachineDialog(ask, new(cluster, answers, i), inventory).AskAsync();
        await AskAccessAsync();
        while (InitPlan.Make(cluster, answers, inventory, out var problems) is null)
            await AskAgainAsync(problems);
        return answers;
    }

    public static async Task<Rack> RackAsync(Questions ask, IReadOnlyList<Rack> racks)
    {
        if (racks.Count == 0)
            throw new Failure(ExitCode.Refused, "There is no rack: apply one, and install its agent.");
        var name = await ask.OneAsync("Rack:", [.. racks.Select(rack => rack.Metadata.Name)], "");
        return racks.First(rack => rack.Metadata.Name == name);
    }

    private async Task AskVersionsAsync()
    {
        if (inventory.Images.Count == 0)
            throw new Failure(ExitCode.Refused, "There is no image: apply one first.");
        var before = answers.Image != "" ? answers.Image : InitPlan.DefaultImage(inventory)?.Metadata.Name ?? "";
        answers.Image = await ask.OneAsync("Image:", [.. inventory.Images.Select(image => image.Metadata.Name)], before);
        var talos = SemanticVersion.Parse(inventory.Images.First(image => image.Metadata.Name == answers.Image).Spec.TalosVersion);
        var kubernetes = answers.KubernetesVersion != "" ? answers.KubernetesVersion
            : VersionRules.NewestKubernetes(talos)?.ToString() ?? "";
        answers.KubernetesVersion = await ask.TextAsync("Kubernetes version:", kubernetes);
    }

    private async Task ChooseMachinesAsync()
    {
        var names = inventory.Free.Select(node => node.Metadata.Name).ToArray();
        var words = inventory.Free.ToDictionary(node => node.Metadata.Name, MachineWords.Of);
        var controlPlanes = await ask.SomeAsync("Control planes:", names, names.Take(names.Length < 3 ? 1 : 3), name => words[name]);
        Add(controlPlanes, MachinePlan.ControlPlane);
        var others = names.Except(controlPlanes).ToArray();
        if (others.Length > 0 && await ask.YesAsync($"Are there workers, too? Free: {others.Length}.", true))
            Add(await ask.SomeAsync("Workers:", others, others, name => words[name]), MachinePlan.Worker);
    }

    private void Add(IEnumerable<string> machines, string role) =>
        answers.Machines.Add(machines.Select(name => new MachineAnswer { Machine = name, Role = role }));

    private async Task AskAccessAsync()
    {
        answers.SharedAddress = await ask.TextAsync("Virtual address that the control planes share (empty for none):",
            answers.SharedAddress);
        var first = answers.Machines.First(machine => machine.Role == MachinePlan.ControlPlane).Addresses.FirstOrDefault();
        var host = answers.SharedAddress != "" ? answers.SharedAddress : first?.Split('/')[0] ?? "";
        var before = answers.Endpoint != "" ? answers.Endpoint : host == "" ? "" : $"https://{host}:6443";
        answers.Endpoint = await ask.TextAsync("Kubernetes endpoint (empty: the first control plane's address):", before);
    }

    private async Task AskAgainAsync(IReadOnlyList<AnswerProblem> problems)
    {
        foreach (var problem in problems)
            ask.Say($"This cannot be: {AnswersFile.Plain(problem)}");
        var machines = Enumerable.Range(0, answers.Machines.Count)
            .Where(index => problems.Any(problem => problem.Field.StartsWith($"machines[{index}]", StringComparison.Ordinal)))
            .Select(index => new MachineDialog(ask, new(cluster, answers, index), inventory))
            .ToLookup(dialog => dialog.SharedAddressIsWrong);
        foreach (var machine in machines[false])
            await machine.AskAsync();
        var others = problems.Where(problem => !problem.Field.StartsWith("machines[", StringComparison.Ordinal)).ToLookup(IsVersion);
        if (others[true].Any())
            await AskVersionsAsync();
        if (others[false].Any() || machines[true].Any())
            await AskAccessAsync();
    }

    private static bool IsVersion(AnswerProblem problem) => problem.Field is "image" or "kubernetes_version";
}
