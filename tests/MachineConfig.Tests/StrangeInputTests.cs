using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Tests;

/// <summary>What strangers send is data: it is judged or refused, whatever it is.</summary>
public sealed class StrangeInputTests
{
    private static readonly SemanticVersion Talos = SemanticVersion.Parse("v1.13.9");

    private static readonly string Sample = File.ReadAllText(Fixture.PathOf("redaction/secrets-everywhere.yaml"));

    [Fact]
    public void Any_prefix_of_a_config_is_judged()
    {
        for (var length = 0; length < Sample.Length; length += 13)
            Judge(Sample[..length]);
    }

    [Fact]
    public void A_config_with_any_line_in_another_place_is_judged()
    {
        var random = new Random(20260302);
        var lines = Sample.Split('\n');
        for (var round = 0; round < 200; round++)
        {
            var moved = lines.ToList();
            var line = moved[random.Next(moved.Count)];
            moved.Insert(random.Next(moved.Count), line);
            moved[random.Next(moved.Count)] = new string(' ', random.Next(6)) + line.Trim();
            Judge(string.Join('\n', moved));
        }
    }

    [Fact]
    public void A_config_with_any_letter_changed_is_judged()
    {
        var random = new Random(20260303);
        const string Letters = "{}[]:,-&*!|>'\"%@`#?~ \n\t\u0000\uFEFFx0";
        for (var round = 0; round < 200; round++)
        {
            var changed = Sample.ToCharArray();
            for (var i = 0; i < 3; i++)
                changed[random.Next(changed.Length)] = Letters[random.Next(Letters.Length)];
            Judge(new(changed));
        }
    }

    // Each of them answers; an exception would end the test.
    private static void Judge(string config)
    {
        var readable = ConfigPatch.Apply(config, "", out var refusal) is not null;

        Assert.Equal(readable, refusal == "");
        Assert.Equal(readable, ConfigDiff.Between(config, Sample, out _)?.Verdict(Talos) is not null);
        Assert.Equal(readable, LayeredConfig.Apply(config, [new("node", ["machine: {sysctls: {a: b}}"])], out _)?.Explain() is not null);
        Assert.Equal(!readable, Redaction.Of(config) == Redaction.Marker + "\n");
        Assert.True(readable || ConfigValidation.Problems(config, Talos).Count == 1);
        LayoutImport.TryRead([new("controlplane.yaml", config), new("topf.yaml", config), new("secrets.yaml", config)], out _,
            out var said);
        Assert.NotEqual("", said);
        Assert.True(!readable || FactCheck.Problems(config, new([], [])).Count >= 0);
    }
}
