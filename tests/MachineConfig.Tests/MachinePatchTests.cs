using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class MachinePatchTests
{
    private static readonly BondSettings Bond = new(["eno1", "eno2"], "802.3ad")
    {
        LacpRate = "fast", TransmitHashPolicy = "layer3+4", Miimon = 100, Updelay = 200,
    };

    private static readonly MachineAnswers Answers = new(MachineType.ControlPlane, "cp-1", "/dev/sda", "bond0")
    {
        Addresses = ["10.0.0.11/24"], Gateway = "10.0.0.1", NameServers = ["10.0.0.2", "1.1.1.1"], SharedAddress = "10.0.0.10", Bond = Bond,
    };

    public static TheoryData<string, MachineAnswers> Wrong => new()
    {
        { "The hostname 'a_b' is not made of", Answers with { Hostname = "a_b" } },
        { "The install disk '' is no device path", Answers with { InstallDisk = "" } },
        { "No link is named", Answers with { Link = "" } },
        { "The address '10.0.0.11' has no length", Answers with { Addresses = ["10.0.0.11", "10.0.0.12/24"] } },
        { "The gateway '10.0.1.1' is in none of the networks of 10.0.0.11/24.", Answers with { Gateway = "10.0.1.1" } },
        { "The name server 'dns' is no address.", Answers with { NameServers = ["dns"] } },
        { "A shared address is for control planes only.", Answers with { Type = MachineType.Worker } },
        { "The shared address '10.9.0.1' is in none", Answers with { SharedAddress = "10.9.0.1" } },
        { "The shared address 10.0.0.11 is this machine's own.", Answers with { SharedAddress = "10.0.0.11" } },
        { "The bond has no members.", Answers with { Bond = Bond with { Members = [] } } },
        { "The bond's mode 'lacp' is none of balance-rr", Answers with { Bond = Bond with { Mode = "lacp", LacpRate = "" } } },
        { "The LACP rate is for", Answers with { Bond = Bond with { Mode = "active-backup" } } },
        { "The bond's delays 150 and 0 are no multiples of its miimon 100.", Answers with { Bond = Bond with { Updelay = 150 } } },
    };

    [Theory]
    [InlineData("v1.10.9", "answers/1.10.yaml")]
    [InlineData("v1.13.9", "answers/1.13.yaml")]
    public void A_patch_has_the_form_of_its_contract(string contract, string golden) =>
        Fixture.AssertGolden(golden, MachinePatch.Of(Answers, SemanticVersion.Parse(contract)));

    [Theory]
    [InlineData("v1.6.8", "v1.29.7")]
    [InlineData("v1.11.6", "v1.34.1")]
    [InlineData("v1.12.11", "v1.35.4")]
    [InlineData("v1.13.9", "v1.36.3")]
    [InlineData("v1.14.0", "v1.37.0")]
    public void A_config_with_its_patch_is_taken_by_the_release(string talos, string kubernetes)
    {
        MachineAnswers[] machines =
        [
            Answers,
            new(MachineType.Worker, "w-1.example.org", "/dev/sda", "eno1"),
            new(MachineType.Worker, "w-2", "/dev/sda", "eno1") { Addresses = ["fd00::11/64"], Gateway = "fd00::1" },
        ];
        foreach (var answers in machines)
        {
            var input = Fixture.Input(talos, kubernetes);
            var config = MachineConfigGenerator.Generate(input, Fixture.Secrets, answers.Type);

            var patched = ConfigPatch.Apply(config, MachinePatch.Of(answers, input.Contract), out var refusal);

            Assert.Equal("", refusal);
            Assert.Empty(ConfigValidation.Problems(patched!, input.TalosVersion));
            Assert.Contains(answers.Link, patched!, StringComparison.Ordinal);
            Assert.Contains(input.Hostname, patched!, StringComparison.Ordinal);
            Assert.Contains(input.InstallDisk, patched!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Answers_that_make_no_machine_are_refused(string problem, MachineAnswers answers)
    {
        Assert.StartsWith(problem, Assert.Single(MachinePatch.Problems(answers)), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MachinePatch.Of(answers, new(1, 13, 0)));
    }

    [Fact]
    public void All_problems_of_the_answers_come_at_once() =>
        Assert.Equal(3, MachinePatch.Problems(new MachineAnswers(MachineType.Worker, "", "", "")).Count);

    [Fact]
    public void The_answers_are_what_the_node_has_until_somebody_says_otherwise()
    {
        var facts = new NodeFacts(
            [new("/dev/sda", 1), new("/dev/zd0", 1), new("/dev/drbd1000", 1), new("/dev/sr0", 1) { CdRom = true }],
            [new("eno1", "a"), new("bond0", "a") { Physical = false, Addresses = ["10.0.0.11/24"], Bond = Bond }])
        {
            Hostname = "found", DefaultLink = "bond0", Gateway = "10.0.0.1", NameServers = ["10.0.0.2"],
        };

        Assert.Equal(
            new MachineAnswers(MachineType.Worker, "found", "/dev/sda", "bond0")
            {
                Addresses = ["10.0.0.11/24"], Gateway = "10.0.0.1", NameServers = ["10.0.0.2"], Bond = Bond,
            },
            MachineAnswers.From(facts, MachineType.Worker));
        Assert.Equal("/dev/sdb", MachineAnswers.From(facts with { SystemDisk = "/dev/sdb" }, MachineType.Worker).InstallDisk);
        var two = facts with { Disks = [new("/dev/sda", 1), new("/dev/sdb", 1)] };
        Assert.Equal("", MachineAnswers.From(two, MachineType.Worker).InstallDisk);
    }

    [Theory]
    [InlineData("10.0.0.10", "10.0.0.11/24", "https://10.0.0.10:6443/")]
    [InlineData("", "10.0.0.11/24", "https://10.0.0.11:6443/")]
    [InlineData("", "fd00::11/64", "https://[fd00::11]:6443/")]
    public void The_endpoint_is_the_shared_address_or_the_first_one(string shared, string address, string endpoint) =>
        Assert.Equal(endpoint, (Answers with { SharedAddress = shared, Addresses = [address] }).Endpoint?.AbsoluteUri);
}
