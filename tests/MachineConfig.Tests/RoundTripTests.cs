using System.Text.Json;
using Cozy.Fleet.MachineConfig.Secrets;
using Cozy.Fleet.Primitives;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cozy.Fleet.MachineConfig.Tests;

/// <summary>What was read, patched with nothing and written again is what it was, but for comments and the way it is laid out.</summary>
public sealed class RoundTripTests
{
    private const string Fields = "v1alpha1-fields.yaml";
    private const string Documents = "documents.yaml";
    private const string Strange = "strange.yaml";

    public static TheoryData<string> Configs =>
    [
        Fields, Documents, Strange, "../1.6-controlplane.yaml", "../1.6-worker.yaml", "../1.10-controlplane.yaml",
        "../1.13-controlplane.yaml", "../1.13-worker.yaml", "../1.14-controlplane.yaml", "../1.14-worker.yaml",
    ];

    public static TheoryData<string> EmptyPatches => ["", "---\n", "{}", "machine: {}\n", "machine: {network: {}}\n", "# nothing\n", "[]"];

    [Theory]
    [MemberData(nameof(Configs))]
    public void A_config_loses_nothing(string name)
    {
        var text = Read(name);

        Assert.Equal(Meaning(text), Meaning(Patched(text, "")));
    }

    [Theory]
    [MemberData(nameof(EmptyPatches))]
    public void A_patch_that_says_nothing_changes_nothing(string patch)
    {
        var text = Read(Fields);

        Assert.Equal(Meaning(text), Meaning(Patched(text, patch)));
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void What_was_written_once_is_written_the_same_again(string name)
    {
        var once = Patched(Read(name), "");

        Assert.Equal(once, Patched(once, ""));
    }

    [Fact]
    public void Documents_and_keys_keep_their_order_when_a_patch_changes_one()
    {
        var patched = Patched(Read(Documents), "{apiVersion: v1alpha1, kind: FutureConfig, name: b, size: 4}");

        var changed = Meaning(Read(Documents)).Select(line => line == "3" ? "4" : line);
        Assert.Equal(changed, Meaning(patched));
    }

    [Fact]
    public void Aliases_and_merge_keys_stand_for_what_they_name()
    {
        var patched = Patched(
            """
            machine:
              sysctls: &s {a: "1", b: "2"}
              sysfs: *s
              nodeLabels: {<<: *s, b: "3"}
            """,
            "machine: {sysctls: {c: \"4\"}}");

        Assert.Equal(
            Meaning("""{machine: {sysctls: {a: "1", b: "2", c: "4"}, sysfs: {a: "1", b: "2"}, nodeLabels: {b: "3", a: "1"}}}"""),
            Meaning(patched));
    }

    [Theory]
    [InlineData("machine: &a {b: *a}")]
    [InlineData("a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
        + "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n")]
    public void Aliases_that_never_end_are_refused(string config)
    {
        Assert.Null(ConfigPatch.Apply(config, "", out var refusal));
        Assert.Contains("more than 100 levels or 200000 values", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void An_imported_bundle_is_written_back_with_what_we_do_not_know()
    {
        var yaml = SecretsBundle.Generate(SemanticVersion.Parse("v1.6.8"), Fixture.Now).ToYaml()
            .Replace("trustdinfo:\n", "trustdinfo:\n    \"yes\": \"007\"\n", StringComparison.Ordinal)
            + "future:\n    - list: [1, \"1\", null]\n      text: |-\n        a\n\n          b\n";

        Assert.True(BundleImport.TryFromFile(yaml, out var bundle, out var refusal), refusal);

        Assert.Equal(Meaning(yaml).Order(StringComparer.Ordinal), Meaning(bundle.ToYaml()).Order(StringComparer.Ordinal));
        Assert.True(BundleImport.TryFromFile(bundle.ToYaml(), out var again, out refusal), refusal);
        Assert.Equal(bundle.ToYaml(), again.ToYaml());
    }

    [Fact]
    public void Texts_of_every_shape_survive()
    {
        var random = new Random(20260301);
        string[] pieces =
        [
            "a", " ", "\n", "\t", ":", "#", "-", "'", "\"", "\\", "{", "é", "€", "🙂", "0", "~", "null", "---", "|", "%", "&", "*", "!",
            "\u0007", "\u2028",
        ];
        for (var round = 0; round < 400; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)]));
            var yaml = $"machine: {{env: {{K: {JsonSerializer.Serialize(text)}}}}}\n";

            Assert.Equal(Meaning(yaml), Meaning(Patched(yaml, "")));
        }
    }

    private static string Read(string name) => File.ReadAllText(Fixture.PathOf(Path.Combine("roundtrip", name)));

    private static string Patched(string config, string patch)
    {
        var patched = ConfigPatch.Apply(config, patch, out var refusal);
        Assert.Equal("", refusal);
        return patched!;
    }

    /// <summary>
    /// What a reader hears, by the parser alone: starts, ends and scalars in order; a plain scalar is told from a quoted one, because
    /// <c>1</c> is a number and <c>"1"</c> a text. Documents without content are not heard.
    /// </summary>
    private static List<string> Meaning(string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        var heard = new List<string>();
        while (parser.MoveNext())
        {
            if (Said(parser.Current!) is { } said)
                heard.Add(said);
            if (heard is [.., "---", "null"])
                heard.RemoveRange(heard.Count - 2, 2);
        }
        return heard;
    }

    private static string? Said(ParsingEvent happened) => happened switch
    {
        Scalar { Value: "", IsPlainImplicit: true, Style: ScalarStyle.Plain } => "null",
        Scalar { IsPlainImplicit: true, Style: ScalarStyle.Plain } scalar => scalar.Value,
        Scalar { Tag: { IsEmpty: false, IsNonSpecific: false } } scalar => $"{scalar.Tag} {JsonSerializer.Serialize(scalar.Value)}",
        Scalar scalar => JsonSerializer.Serialize(scalar.Value),
        MappingStart => "{",
        MappingEnd => "}",
        SequenceStart => "[",
        SequenceEnd => "]",
        DocumentStart => "---",
        _ => null,
    };
}
