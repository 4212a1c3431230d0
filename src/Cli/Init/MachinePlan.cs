using System.Net;
using System.Text.Json.Nodes;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;
using Known = Cozy.Fleet.MachineConfig.NodeFacts;

namespace Cozy.Fleet.Cli.Init;

/// <summary>One machine of the answers: what it has of its own accord, and what the answers say instead.</summary>
internal sealed class MachinePlan
{
    public const string ControlPlane = "controlplane";
    public const string Worker = "worker";

    // Talos makes a name up where nobody gives it one.
    private static readonly string[] NoNames = ["talos-", "localhost"];

    private readonly Place place;
    private readonly Known facts;
    private readonly List<AnswerProblem> problems;

    private MachinePlan(Place place, Known facts, List<AnswerProblem> problems) =>
        (this.place, this.facts, this.problems) = (place, facts, problems);

    /// <summary>Which machine of which answers.</summary>
    public sealed record Place(string Cluster, ClusterAnswers Answers, int Index)
    {
        public MachineAnswer Answer => Answers.Machines[Index];

        public AnswerProblem Problem(string field, string sentence) =>
            new(field == "" ? $"machines[{Index}]" : $"machines[{Index}].{field}", sentence);
    }

    /// <summary>Null when the machine or its role is not known; what else is wrong is among the problems.</summary>
    public static PlannedMachine? Make(Place place, Inventory inventory, List<AnswerProblem> problems)
    {
        var answer = place.Answer;
        var (node, problem) = answer.Machine == ""
            ? (null, "is missing: a name, a beginning of it, a MAC address or a serial number") : inventory.Find(answer.Machine);
        if (node is null)
            problems.Add(place.Problem("machine", problem));
        if (answer.Role is not (ControlPlane or Worker))
            problems.Add(place.Problem("role", answer.Role == "" ? $"is missing: {ControlPlane} or {Worker}"
                : $"'{answer.Role}' is neither {ControlPlane} nor {Worker}"));
        else if (node is not null)
            return new(node, new MachinePlan(place, FactsOf.Machine(node), problems).Answers());
        return null;
    }

    private MachineAnswers Answers()
    {
        var (answer, before) = (place.Answer, problems.Count);
        var type = answer.Role == ControlPlane ? MachineType.ControlPlane : MachineType.Worker;
        var found = MachineAnswers.From(facts, type);
        var bond = Bond(answer.Bond);
        EquatableArray<string> addresses = answer.Dhcp ? [] : answer.Addresses.Count > 0 ? [.. answer.Addresses] : found.Addresses;
        // What DHCP says is left to it.
        if (addresses.Count == 0)
            found = found with { Gateway = "", NameServers = [] };
        var made = found with
        {
            Hostname = answer.Hostname != "" ? answer.Hostname : OwnName(found.Hostname),
            InstallDisk = Disk(found.InstallDisk),
            Link = Link("link", answer.Link != "" ? answer.Link : bond is not null ? "bond0" : found.Link),
            Bond = bond,
            Addresses = addresses,
            Gateway = answer.HasGateway ? answer.Gateway : found.Gateway,
            NameServers = answer.NameServers.Count > 0 ? [.. answer.NameServers] : found.NameServers,
            SharedAddress = type == MachineType.ControlPlane ? Shared(place.Answers.SharedAddress) : "",
        };
        if (answer is { Dhcp: true, Addresses.Count: > 0 })
            problems.Add(place.Problem("dhcp", "cannot be true beside addresses"));
        if (problems.Count == before)
            problems.AddRange(MachinePatch.Problems(made).Select(sentence => place.Problem("", sentence)));
        if (problems.Count == before)
            problems.AddRange(MissingLinks(made));
        return made;
    }

    // What is no address was said once for all machines.
    private static string Shared(string address) => IPAddress.TryParse(address, out _) ? address : "";

    private string OwnName(string found)
    {
        if (found != "" && !Array.Exists(NoNames, prefix => found.StartsWith(prefix, StringComparison.Ordinal)))
            return found;
        var number = place.Answers.Machines.Take(place.Index + 1).Count(other => other.Role == place.Answer.Role);
        return $"{place.Cluster}-{(place.Answer.Role == ControlPlane ? "cp" : "w")}-{number}";
    }

    // A selector is Talos' own, and chooses as Talos does; only what it chose is kept.
    private string Disk(string found)
    {
        var answer = place.Answer;
        if (answer.Disk != "" && answer.DiskSelector is not null)
            problems.Add(place.Problem("disk_selector", "cannot be set together with disk"));
        if (answer is { Disk: "", DiskSelector: null })
        {
            if (found == "")
                problems.Add(place.Problem("disk", $"is missing: {Listed(facts.Disks.Select(disk => disk.Device))}"));
            return found;
        }
        var field = answer.DiskSelector is null ? "disk" : "disk_selector";
        var install = answer.DiskSelector is { } selector
            ? new JsonObject { ["diskSelector"] = Json.Tree(selector) } : new JsonObject { ["disk"] = answer.Disk };
        var config = new JsonObject { ["machine"] = new JsonObject { ["install"] = install } }.ToJsonString();
        var wrong = FactCheck.Problems(config, facts);
        problems.AddRange(wrong.Select(one => place.Problem(field, one.Sentence)));
        var chosen = wrong.Count > 0 ? null
            : facts.Disks.FirstOrDefault(disk => FactCheck.Problems(config, facts with { Disks = [disk] }).Count == 0);
        if (chosen is { ReadOnly: true })
            problems.Add(place.Problem(field, $"{chosen.Device} cannot be written"));
        return chosen?.Device ?? "";
    }

    private BondSettings? Bond(BondAnswer? bond) => bond is null ? null
        : new([.. bond.Members.Select((member, index) => Link($"bond.members[{index}]", member))], bond.Mode)
        {
            LacpRate = bond.LacpRate, TransmitHashPolicy = bond.TransmitHashPolicy,
            Miimon = bond.Miimon, Updelay = bond.Updelay, Downdelay = bond.Downdelay,
        };

    /// <summary>The name of the link that is called so; a MAC address must be that of exactly one.</summary>
    private string Link(string field, string called)
    {
        if (called == "")
            problems.Add(place.Problem(field, $"is missing: {Listed(facts.Links.Select(link => link.Name))}"));
        if (!MacAddress.TryParse(called, out var mac))
            return called;
        var fits = facts.Links.Where(link => MacAddress.TryParse(link.Mac, out var own) && own == mac).ToArray();
        if (fits is [var one])
            return one.Name;
        problems.Add(place.Problem(field,
            $"{called} is {(fits.Length == 0 ? "no link" : $"{fits.Length} links")} of this machine, which has "
            + Listed(facts.Links.Select(link => $"{link.Name} ({link.Mac})"))));
        return "";
    }

    // The form of the patch says nothing about which links there are.
    private IEnumerable<AnswerProblem> MissingLinks(MachineAnswers made) =>
        FactCheck.Problems(MachinePatch.Of(made, new(1, 13, 0)), facts)
            .Select(problem => place.Problem(made.Bond is null ? "link" : "bond.members", problem.Sentence));

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.DefaultIfEmpty("it has none"));
}
