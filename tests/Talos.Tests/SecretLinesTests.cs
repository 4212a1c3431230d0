namespace Cozy.Fleet.Talos.Tests;

public sealed class SecretLinesTests
{
    [Theory]
    [InlineData("    token: abcdef.0123456789abcdef", "    token: (hidden)")]
    [InlineData("  - key: LS0t", "  - key: (hidden)")]
    [InlineData("secretboxEncryptionSecret: x", "secretboxEncryptionSecret: (hidden)")]
    [InlineData("crt: LS0t", "crt: LS0t")]
    [InlineData("keyboard: us", "keyboard: us")]
    [InlineData("10:00 joined with token=abc, ok", "10:00 joined with token=(hidden), ok")]
    [InlineData("10:00 bootstrap abcdef.0123456789abcdef used", "10:00 bootstrap (hidden) used")]
    [InlineData("GET / Authorization: Bearer eyJh.b.c", "GET / Authorization: Bearer (hidden)")]
    public void A_secret_in_a_line_is_hidden_and_the_rest_is_not(string line, string shown) => Assert.Equal(shown, SecretLines.Hide(line));

    [Fact]
    public void What_stands_below_a_secret_key_is_hidden_to_its_end() => Assert.Equal(
        "files:\n  - content: (hidden)\n      (hidden)\n    path: /a\nenv: (hidden)\n  (hidden)\nnext: x",
        SecretLines.Hide("files:\n  - content: |\n      password\n    path: /a\nenv:\n  A: b\nnext: x"));

    [Fact]
    public void A_private_key_in_PEM_is_hidden_whole() => Assert.Equal(
        "a\n(hidden)\n(hidden)\n(hidden)\nb", SecretLines.Hide("a\n-----BEGIN ED25519 PRIVATE KEY-----\nMC4C\n-----END ED25519 PRIVATE KEY-----\nb"));
}
