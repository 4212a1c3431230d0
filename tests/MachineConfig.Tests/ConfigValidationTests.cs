using System.Text;
using System.Text.RegularExpressions;
using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed partial class ConfigValidationTests
{
    private const string Worker =
        """
        machine:
          type: worker
          ca: {crt: YQ==, key: ""}
          install: {disk: /dev/sda}
        cluster:
          controlPlane: {endpoint: "https://10.0.0.10:6443"}

        """;

    private const string ControlPlane =
        """
        machine:
          type: controlplane
          ca: {crt: YQ==, key: YQ==}
          install: {disk: /dev/sda}
        cluster:
          controlPlane: {endpoint: "https://10.0.0.10:6443"}

        """;

    public static TheoryData<string, string> Generated => new()
    {
        { "v1.6.8", "v1.29.7" }, { "v1.7.7", "v1.30.5" }, { "v1.8.4", "v1.31.4" }, { "v1.9.6", "v1.32.4" }, { "v1.10.9", "v1.33.6" },
        { "v1.11.6", "v1.34.1" }, { "v1.12.11", "v1.35.4" }, { "v1.13.9", "v1.36.3" }, { "v1.14.0-rc.1", "v1.37.0-rc.0" },
    };

    [Theory]
    [MemberData(nameof(Generated))]
    public void What_we_generate_is_taken_by_the_release_it_is_for(string talos, string kubernetes)
    {
        foreach (var type in Enum.GetValues<MachineType>())
        {
            var config = MachineConfigGenerator.Generate(Fixture.Input(talos, kubernetes), Fixture.Secrets, type);

            Assert.Empty(ConfigValidation.Problems(config, SemanticVersion.Parse(talos)));
        }
    }

    [Theory]
    [InlineData("keys")]
    [InlineData("refusals")]
    [InlineData("conflicts")]
    public void Every_case_of_the_file_is_judged_as_it_says(string name)
    {
        var path = Path.Combine("validation", $"{name}.txt");
        var judged = new StringBuilder();
        var given = new List<string>();
        foreach (var line in File.ReadAllLines(Fixture.PathOf(path)).Where(line => !Outcome().IsMatch(line)))
        {
            if (line == "" && given.Count > 0)
                judged.Append(Judged(given));
            if (line == "" || line[0] == '#')
                given.Clear();
            else
                given.Add(line);
            judged.Append(line).Append('\n');
        }
        Fixture.AssertGolden(path, judged.ToString());
    }

    [Theory]
    [InlineData("v1.13.9", "machine: {type: worker}\ncluster: {}\n", new[]
    {
        "line 1: machine.ca is missing: a worker trusts this CA or one of acceptedCAs.",
        "line 1: machine.install is missing: a machine is installed to a disk before it runs.",
        "line 2: cluster.controlPlane.endpoint is missing: it is the URL of the Kubernetes API.",
    })]
    [InlineData("v1.14.0", "machine: {type: controlplane, ca: {crt: YQ==}}\ncluster: {controlPlane: {endpoint: 'https://a'}}\n", new[]
    {
        "line 1: machine.ca.key is missing: a control plane issues the certificates of the machine API.",
    })]
    [InlineData("v1.13.9", "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n", new[]
    {
        "line 1: There is no v1alpha1 document, and a machine needs one to become a member of a cluster.",
    })]
    [InlineData("v1.13.9", "a: b: c\n", new[]
    {
        "line 1: The machine config is not YAML: While scanning a plain scalar value, found invalid mapping.",
    })]
    [InlineData("v1.13.9", "# nothing\n", new[] { "line 1: The machine config is empty." })]
    [InlineData("v1.13.9", "machine: {}\n---\n- a\n", new[] { "line 3: A document is a map, such as 'machine: …'." })]
    public void A_config_that_lacks_something_is_told_what_and_where(string talos, string config, string[] expected) =>
        Assert.Equal(
            expected,
            ConfigValidation.Problems(config, SemanticVersion.Parse(talos)).Select(p => p.ToString()).Order(StringComparer.Ordinal));

    [Fact]
    public void All_problems_come_at_once_in_the_order_of_the_lines()
    {
        var problems = ConfigValidation.Problems(
            "machine:\n  type: master\n  instal: {}\n  certSANs: x\ncluster:\n  etcd:\n    subnt: a\n", SemanticVersion.Parse("v1.10.9"));

        Assert.Equal([1, 1, 2, 3, 4, 5, 6, 7], problems.Select(p => p.Line));
    }

    [Fact]
    public void A_secret_of_a_wrong_type_is_not_repeated()
    {
        var problems = ConfigValidation.Problems(
            Worker + "  token: [hush]\n  secret: {a: hush}\n  ca: {key: hush}\n", SemanticVersion.Parse("v1.10.9"));

        Assert.Equal(3, problems.Count);
        Assert.DoesNotContain(problems, problem => problem.Sentence.Contains("hush", StringComparison.Ordinal));
    }

    private static string Judged(List<string> given)
    {
        var (release, type) = given[0].Split(' ') is [var first, var second] ? (first, second) : throw new FormatException(given[0]);
        var documents = string.Join('\n', given.Skip(1).Select(line => line[4..])).Split("---\n", 2);
        var config = (documents[0] == "" ? Config(type) : Merged(Config(type), documents[0]))
            + string.Concat(documents.Skip(1).Select(d => "---\n" + d));
        var problems = ConfigValidation.Problems(config, SemanticVersion.Parse(release));
        Assert.All(problems, problem => Assert.InRange(problem.Line, 1, config.Split('\n').Length));
        return problems.Count == 0 ? "  fine\n" : string.Concat(problems.Select(problem => $"  {problem.Sentence}\n"));
    }

    private static string Config(string type) => type == "worker" ? Worker : ControlPlane;

    // Not by a patch: what is reserved is checked here, too.
    private static string Merged(string config, string patch)
    {
        var documents = new[] { config, patch }.Select(text => (YamlMappingNode)Load(text)).ToList();
        Merge(documents[0], documents[1]);
        var stream = new YamlStream(new YamlDocument(documents[0]));
        var writer = new StringWriter();
        stream.Save(writer, assignAnchors: false);
        return writer.ToString().Replace("...", "", StringComparison.Ordinal);
    }

    [GeneratedRegex("^  [^ ]")]
    private static partial Regex Outcome();

    private static YamlNode Load(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents[0].RootNode;
    }

    private static void Merge(YamlMappingNode target, YamlMappingNode patch)
    {
        foreach (var (key, value) in patch.Children)
        {
            if (value is YamlMappingNode map
                && target.Children.TryGetValue(key, out var present) && present is YamlMappingNode into)
                Merge(into, map);
            else
                target.Children[key] = value;
        }
    }
}
