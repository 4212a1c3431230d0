using System.Text;

namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class TalosconfigTests
{
    private static readonly string Pem = Convert.ToBase64String(Encoding.ASCII.GetBytes("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"));

    private static string File(string ca = "") =>
        $"""
        context: one
        contexts:
          one:
            endpoints: [10.0.0.1, 10.0.0.2]
            nodes:
              - 10.0.0.3
            ca: {(ca == "" ? Pem : ca)}
            crt: {Pem}
            key: {Pem}
          omni:
            endpoints: [https://omni.example.org]
            auth: {"{siderov1: {identity: a@example.org}}"}
        """;

    [Fact]
    public void The_current_context_is_read_with_its_addresses_and_certificates()
    {
        var context = Talosconfig.TryRead(File(), "", out var refusal)!;

        Assert.Equal(("", "one"), (refusal, context.Name));
        Assert.Equal(["10.0.0.1", "10.0.0.2"], context.Endpoints);
        Assert.Equal(["10.0.0.3"], context.Nodes);
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", context.Ca, StringComparison.Ordinal);
        Assert.Equal("TalosContext one", context.ToString());
    }

    [Theory]
    [InlineData("two", "the talosconfig has no context 'two'; choose one of 'one', 'omni'")]
    [InlineData("omni", "contexts.omni logs in by 'auth' instead of a certificate, which is not supported here; get a talosconfig with ca, crt and key")]
    public void A_context_that_cannot_be_used_is_refused_by_its_name(string name, string words)
    {
        Assert.Null(Talosconfig.TryRead(File(), name, out var refusal));
        Assert.Equal(words, refusal);
    }

    [Theory]
    [InlineData("cut!", "contexts.one.ca (line 7) is not PEM in base64; was it cut or changed?")]
    [InlineData("aGVsbG8=", "contexts.one.ca (line 7) is not PEM in base64; was it cut or changed?")]
    [InlineData("''", "contexts.one.ca is missing; get a talosconfig with ca, crt and key")]
    public void A_damaged_certificate_is_refused_with_its_line_and_without_its_text(string ca, string words)
    {
        Assert.Null(Talosconfig.TryRead(File(ca), "one", out var refusal));
        Assert.Equal(words, refusal);
    }

    [Theory]
    [InlineData("", "the talosconfig is not one YAML mapping; is it another file?")]
    [InlineData("context: [", "the talosconfig is not YAML, line ")]
    [InlineData("context: one", "the talosconfig has no contexts; ")]
    [InlineData("contexts: {one: {}}", "the talosconfig names no current context; choose one of 'one'")]
    public void Another_file_is_refused(string yaml, string words)
    {
        Assert.Null(Talosconfig.TryRead(yaml, "", out var refusal));
        Assert.StartsWith(words, refusal, StringComparison.Ordinal);
    }
}
