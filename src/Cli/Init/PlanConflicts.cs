namespace Cozy.Fleet.Cli.Init;

/// <summary>What is right of each machine alone and wrong of all together.</summary>
internal static class PlanConflicts
{
    public static IEnumerable<AnswerProblem> Problems(ClusterAnswers answers, IReadOnlyList<(int Index, PlannedMachine Machine)> machines)
    {
        if (!answers.Machines.Any(machine => machine.Role == MachinePlan.ControlPlane))
            yield return new("machines", $"a cluster needs at least one machine with the role {MachinePlan.ControlPlane}");
        foreach (var problem in Twice(machines, "machine", machine => [machine.Node.Metadata.Name])
            .Concat(Twice(machines, "hostname", machine => [machine.Answers.Hostname]))
            .Concat(Twice(machines, "addresses", machine => machine.Answers.Addresses.Select(address => address.Split('/')[0]))))
            yield return problem;
        foreach (var (index, machine) in machines)
        {
            if (!machine.IsControlPlane && machine.Answers.Addresses.Any(address => address.Split('/')[0] == answers.SharedAddress))
                yield return new($"machines[{index}].addresses", $"{answers.SharedAddress} is the shared address");
        }
    }

    private static IEnumerable<AnswerProblem> Twice(
        IEnumerable<(int Index, PlannedMachine Machine)> machines, string field, Func<PlannedMachine, IEnumerable<string>> values) =>
        from machine in machines
        from value in values(machine.Machine)
        group machine.Index by value into same
        where same.Count() > 1
        select new AnswerProblem($"machines[{same.Last()}].{field}", $"{same.Key} is that of machines[{same.First()}], too");
}
