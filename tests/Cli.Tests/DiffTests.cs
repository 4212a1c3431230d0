using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Cli.Tests.Doubles;

namespace Cozy.Fleet.Cli.Tests;

public sealed class DiffTests
{
    [Fact]
    public async Task What_is_the_same_gives_no_output_and_0()
    {
        await using var cli = await Operator.StartAsync();
        var file = cli.Write("rack.yaml", Samples.RackYaml);
        await cli.RunAsync("apply", "-f", file);

        Assert.Equal(new Outcome(ExitCode.Ok, "", ""), await cli.RunAsync("diff", "-f", file));
    }

    [Fact]
    public async Task A_difference_is_shown_with_its_surroundings_and_gives_1()
    {
        await using var cli = await Operator.StartAsync();
        var file = cli.Write("rack.yaml", Samples.RackYaml);
        await cli.RunAsync("apply", "-f", file);
        cli.Write("rack.yaml", Samples.RackYaml.Replace("v1.13.8", "v1.13.9", StringComparison.Ordinal));

        var run = await cli.RunAsync("diff", "-f", file);

        Assert.Equal(ExitCode.Refused, run.Code);
        Assert.Equal(
            $"""
            --- rack/r1
            +++ {file}:1:1
            @@
               labels:
                 hall: a
             spec:
            -  discoveryImage: talos-v1.13.8
            +  discoveryImage: talos-v1.13.9

            """,
            run.Output);
    }

    [Fact]
    public async Task What_is_not_there_yet_is_all_new_and_errors_give_2()
    {
        await using var cli = await Operator.StartAsync();
        var absent = await cli.RunAsync("diff", "-f", cli.Write("rack.yaml", Samples.RackYaml));
        var broken = await cli.RunAsync("diff", "-f", cli.Write("b.yaml", "kind: Rack"));

        Assert.StartsWith("--- nothing\n+++ ", absent.Output, StringComparison.Ordinal);
        Assert.Contains("+  name: r1\n", absent.Output, StringComparison.Ordinal);
        Assert.Equal((1, 2), (absent.Code, broken.Code));
    }

    [Fact]
    public async Task A_changed_secret_is_a_difference_but_never_shown()
    {
        await using var cli = await Operator.StartAsync();
        var file = cli.Write("c.yaml", Samples.ClusterYaml);
        await cli.RunAsync("apply", "-f", file);
        cli.Write("c.yaml", Samples.ClusterYaml.Replace("abcdef.0123456789abcdef", "fedcba.fedcba9876543210", StringComparison.Ordinal));

        var run = await cli.RunAsync("diff", "-f", file);
        var described = await cli.RunAsync("describe", "cluster", "c1");

        Assert.Equal(ExitCode.Refused, run.Code);
        Assert.Contains("token: **REDACTED**\n", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("fedcba", run.Output + described.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("abcdef", run.Output + described.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("token: s3cret", "token: **REDACTED**")]
    [InlineData("  key: 's3cret'", "  key: **REDACTED**")]
    [InlineData("yaml: \"machine: {token: s3cret, type: worker}\"", "yaml: \"machine: {token: **REDACTED**, type: worker}\"")]
    [InlineData("  aescbcEncryptionSecret: s3cret", "  aescbcEncryptionSecret: **REDACTED**")]
    [InlineData("  REGISTRY_PASSWORD: s3cret", "  REGISTRY_PASSWORD: **REDACTED**")]
    [InlineData("  client-secret: s3cret", "  client-secret: **REDACTED**")]
    [InlineData("a: {secretName: open, b: {psk: s3cret}}", "a: {secretName: open, b: {psk: **REDACTED**}}")]
    [InlineData("kubernetesVersion: v1.36.3", "kubernetesVersion: v1.36.3")]
    public void Values_of_secret_keys_are_hidden(string line, string shown) => Assert.Equal([shown], RedactedLines.Of([line]));

    [Fact]
    public void Blocks_and_private_keys_below_a_secret_key_are_hidden_line_by_line() => Assert.Equal(
        ["ca:", "  key: |", "    **REDACTED**", "    **REDACTED**", "  crt: abc", "text: |", "  **REDACTED**", "  **REDACTED**",
            "  **REDACTED**", "next: 1"],
        RedactedLines.Of(
        [
            "ca:", "  key: |", "    MIIB", "    xyz", "  crt: abc", "text: |", "  -----BEGIN PRIVATE KEY-----", "  MIIB",
            "  -----END PRIVATE KEY-----", "next: 1",
        ]));

    [Fact]
    public void Maps_and_lists_below_a_secret_key_are_hidden_also_when_a_list_stands_as_deep_as_its_key() => Assert.Equal(
        ["auth:", "  **REDACTED**", "tokens:", "**REDACTED**", "**REDACTED**", "items:", "- secret:", "  **REDACTED**", "- open: 1"],
        RedactedLines.Of(["auth:", "  password: x", "tokens:", "- one", "- two", "items:", "- secret:", "  - three", "- open: 1"]));
}
