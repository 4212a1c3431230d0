using System.Text.RegularExpressions;
using Cozy.Fleet.MachineConfig.Documents;

namespace Cozy.Fleet.MachineConfig.Redact;

/// <summary>Which leaves of a config are secret (talos.md 4.1, 5.2): by place, by name, then by content.</summary>
internal static partial class SecretRules
{
    // Whatever somebody put into a file, a header or a request may be a secret, and nothing else tells.
    private static readonly HashSet<string> Places =
    [
        "machine.files.content", "ExtensionServiceConfig:configFiles.content", "EtcFileConfig:contents",
    ];

    private static readonly HashSet<string> Headers = ["extraManifestHeaders", "headers"];

    // Maps and lists of Kubernetes in which a key is the name of a label.
    private static readonly HashSet<string> LabelKeys = ["tolerations", "matchExpressions", "taints", "topologySpreadConstraints"];

    /// <summary>What is shown instead of a value; null when it is no secret.</summary>
    public static string? Hidden(ConfigLeaf leaf, string value) =>
        value is "" or "true" or "false" or "null" ? null
        : Places.Contains(leaf.Rule) || leaf.Keys.Any(Headers.Contains) || IsNamed(leaf) ? Redaction.Marker
        : SecretContent.Hidden(value);

    /// <summary>True for names that secrets have: <c>token</c>, <c>clientSecret</c>, <c>TS_AUTHKEY</c>.</summary>
    public static bool IsName(string name)
    {
        var word = name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);
        return Secret().IsMatch(word) && !Harmless().IsMatch(word);
    }

    private static bool IsNamed(ConfigLeaf leaf) => leaf.Keys is [.. var way, var last]
        && ((IsName(last) && !(last == "key" && way.Any(LabelKeys.Contains))) || way.Any(key => Holder().IsMatch(key)));

    // Every key is secret that does not say otherwise; "auth" is when it is the whole name.
    [GeneratedRegex(
        "secret|token|passw|passphrase|credential|private|psk$|(?<!public|topology|label)key$|keydata|^auth$|^authorization$",
        RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    // Where a secret is kept, how long, and whether: not the secret itself.
    [GeneratedRegex("(file|path|dir|name|ref|ttl|seconds|enabled|url|endpoint|issuer|slot|provider(config)?)$", RegexOptions.IgnoreCase)]
    private static partial Regex Harmless();

    // A map or a list of this name holds secrets only.
    [GeneratedRegex("(secret|token|password|passphrase|credential)s?$", RegexOptions.IgnoreCase)]
    private static partial Regex Holder();
}
