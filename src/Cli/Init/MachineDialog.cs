using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.MachineConfig;

namespace Cozy.Fleet.Cli.Init;

/// <summary>The questions about one machine, until its answers can be used.</summary>
internal sealed class MachineDialog(Questions ask, MachinePlan.Place place, Inventory inventory)
{
    private const string NewBond = "bond0";
    private const string Lacp = "802.3ad";

    private MachineAnswer Answer => place.Answer;

    private Contracts.V1.NodeFacts Facts => inventory.Find(Answer.Machine).Node!.Status.Facts;

    /// <summary>The address that all control planes share does not fit this machine, which is right but for that.</summary>
    public bool SharedAddressIsWrong => Problems(place).Count > 0 && Problems(Alone()).Count == 0;

    public async Task AskAsync()
    {
        ask.Say($"-- {Answer.Role} {MachineWords.Of(inventory.Find(Answer.Machine).Node!)}");
        List<AnswerProblem> problems;
        do
        {
            // With what was answered before, so that it is the default of the next round.
            await AskAsync(MachinePlan.Make(place, inventory, [])!.Answers);
            problems = Problems(Alone());
            foreach (var problem in problems)
                ask.Say($"This cannot be: {AnswersFile.Plain(problem)}");
        }
        while (problems.Count > 0);
    }

    private List<AnswerProblem> Problems(MachinePlan.Place asked)
    {
        var problems = new List<AnswerProblem>();
        MachinePlan.Make(asked, inventory, problems);
        return problems;
    }

    private MachinePlan.Place Alone()
    {
        var answers = place.Answers.Clone();
        answers.SharedAddress = "";
        return place with { Answers = answers };
    }

    private async Task AskAsync(MachineAnswers found)
    {
        Answer.Hostname = await ask.TextAsync("Hostname:", found.Hostname);
        Answer.Disk = await ask.OneAsync("Install disk:", [.. Facts.Disks.Where(disk => !disk.ReadOnly).Select(disk => disk.Device)],
            found.InstallDisk, device => MachineWords.Of(Facts.Disks.First(disk => disk.Device == device)));
        Answer.Link = await LinkAsync(found.Link);
        Answer.Bond = IsBond(Answer.Link) ? await BondAsync(found.Bond) : null;
        await AskAddressesAsync(found);
    }

    private Task<string> LinkAsync(string found)
    {
        var links = Facts.Links.Select(link => link.Name).ToList();
        if (links.Count > 1 && !links.Exists(IsBond))
            links.Add(NewBond);
        return ask.OneAsync("Link:", links, found,
            name => Facts.Links.FirstOrDefault(link => link.Name == name) is { } link ? MachineWords.Of(link) : $"{name}  a new bond");
    }

    private async Task<BondAnswer> BondAsync(BondSettings? before)
    {
        var cards = Facts.Links.Where(link => !IsBond(link.Name)).Select(link => link.Name).ToArray();
        var bond = new BondAnswer
        {
            Members = { await ask.SomeAsync("Members of the bond:", cards, before?.Members ?? []) },
            Mode = await ask.OneAsync("Mode of the bond:", BondSettings.Modes, before?.Mode ?? "active-backup"),
        };
        if (bond.Mode == Lacp)
            bond.LacpRate = await ask.OneAsync("LACP rate:", BondSettings.LacpRates, before?.LacpRate ?? "");
        bond.TransmitHashPolicy =
            await ask.OneAsync("Transmit hash policy:", BondSettings.TransmitHashPolicies, before?.TransmitHashPolicy ?? "");
        bond.Miimon = await ask.NumberAsync("miimon in ms:", before?.Miimon ?? 0);
        bond.Updelay = await ask.NumberAsync("updelay in ms:", before?.Updelay ?? 0);
        bond.Downdelay = await ask.NumberAsync("downdelay in ms:", before?.Downdelay ?? 0);
        return bond;
    }

    private async Task AskAddressesAsync(MachineAnswers found)
    {
        var addresses = await ask.TextsAsync("Addresses, with the length of their network (empty for DHCP):", found.Addresses);
        Answer.Addresses.Clear();
        Answer.NameServers.Clear();
        Answer.ClearGateway();
        Answer.Dhcp = addresses.Count == 0;
        if (Answer.Dhcp)
            return;
        Answer.Addresses.Add(addresses);
        Answer.Gateway = await ask.TextAsync("Gateway (empty for none):", found.Gateway);
        Answer.NameServers.Add(await ask.TextsAsync("Name servers:", found.NameServers));
    }

    private static bool IsBond(string link) => link.StartsWith("bond", StringComparison.Ordinal);
}
