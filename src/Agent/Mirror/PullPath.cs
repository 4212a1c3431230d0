using System.Text.RegularExpressions;

namespace Cozy.Fleet.Agent.Mirror;

/// <summary>What a pull asks for (OCI distribution specification, "Pull"): a manifest or a blob of a repository.</summary>
/// <param name="Reference">A tag, or empty when there is a digest.</param>
/// <param name="Sha256">The digest's hexadecimal part, or empty when there is a tag.</param>
internal sealed partial record PullPath(string Repository, bool IsManifest, string Reference, string Sha256)
{
    /// <param name="path">Behind <c>/v2/</c>. It comes from strangers and becomes part of a URL and of a file name.</param>
    public static PullPath? Read(string path)
    {
        var match = Form().Match(path);
        return match.Success
            ? new(match.Groups["name"].Value, match.Groups["kind"].Value == "manifests", match.Groups["tag"].Value, match.Groups["sha256"].Value)
            : null;
    }

    public string On(Uri upstream) =>
        $"{upstream.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v2/{Repository}/{(IsManifest ? "manifests" : "blobs")}/{(Sha256 == "" ? Reference : $"sha256:{Sha256}")}";

    // A blob has no tag; the longest names of the specification's examples have 255 characters.
    [GeneratedRegex(@"^(?=.{1,500}\z)(?<name>[a-z0-9]+(?:(?:\.|_|__|-+|/)[a-z0-9]+)*)/"
        + @"(?:(?<kind>manifests|blobs)/sha256:(?<sha256>[0-9a-f]{64})|(?<kind>manifests)/(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))\z")]
    private static partial Regex Form();
}
