using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>What an installer's image reference says.</summary>
internal static class ImageReference
{
    /// <summary>The version in the tag; null when there is none.</summary>
    public static SemanticVersion? VersionOf(string image) =>
        SemanticVersion.TryParse(image[(image.LastIndexOf(':') + 1)..], out var version) ? version : null;

    /// <summary>Factory references carry the schematic as the last part of the name: …/SCHEMATIC:vX.Y.Z (talos.md 9.2).</summary>
    public static string? SchematicOf(string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..].Split(':')[0];
        return name.Length == 64 && name.All(char.IsAsciiHexDigitLower) ? name : null;
    }

    /// <summary>The name that a pull ends with: repository and digest (talos.md 1.4).</summary>
    public static string Digested(string image) =>
        $"{image[..image.LastIndexOf(':')]}@sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(image)))}";
}
