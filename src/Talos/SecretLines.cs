using System.Text.RegularExpressions;

namespace Cozy.Fleet.Talos;

/// <summary>
/// Hides what is secret in text that a person will read: logs, and YAML in the form of configs and resources. It works line by line,
/// on keys by their names and on PEM blocks, and rather hides too much.
/// </summary>
public sealed partial class SecretLines
{
    private const string Hidden = "(hidden)";

    private int? hiddenBelow;
    private bool inPem;

    /// <summary>The next line of a text, with its secrets hidden.</summary>
    public string Next(string line)
    {
        if (inPem || line.Contains("-----BEGIN ", StringComparison.Ordinal) && line.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            inPem = !line.Contains("-----END ", StringComparison.Ordinal);
            return Hidden;
        }
        var indent = line.Length - line.TrimStart().Length;
        // What stands deeper than a secret key, or as a list right below it, is its value.
        if (hiddenBelow is { } below && (line.Trim() == "" || indent > below || (indent == below && line.TrimStart().StartsWith('-'))))
            return new string(' ', indent) + Hidden;
        hiddenBelow = null;
        var secret = Secret().Match(line);
        if (!secret.Success)
            return Bearer().Replace(line, $"$1{Hidden}");
        hiddenBelow = secret.Groups["indent"].Length;
        return secret.Groups["head"].Value + " " + Hidden;
    }

    /// <summary>A whole text.</summary>
    public static string Hide(string text)
    {
        var lines = new SecretLines();
        return string.Join('\n', text.Split('\n').Select(lines.Next));
    }

    // The keys of secrets in machine configs, kubeconfigs and COSI resources (talos.md 4.1, 5.2).
    [GeneratedRegex(@"^(?<head>(?<indent>\s*(?:- )?)[""']?(?:key|\w*token|\w*secret|\w*password|\w*passphrase|\w*encryptionsecret|privatekey|presharedkey|auth|"
        + @"identitytoken|clientkey|\w*-key-data|contents?|env|data|stringData)[""']?\s*:)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Secret();

    // In one line of a log: a bearer token, name=value, and the shape of Kubernetes' and Talos' bootstrap tokens.
    [GeneratedRegex(@"((?:bearer\s+|(?:token|password|secret)=))[^\s""',;]+|\b[a-z0-9]{6}\.[a-z0-9]{16}\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Bearer();
}
