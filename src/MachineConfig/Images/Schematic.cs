using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Images;

/// <summary>
/// An Image Factory schematic in its canonical form: the bytes whose SHA-256 is its id (talos.md 9.3). Formatting and comments of the
/// input do not matter, the order of lists does.
/// </summary>
public sealed record Schematic
{
    // The keys in the factory's order.
    private static readonly Shape.Fields Root = new(
        ("owner", new Shape.Text()),
        ("overlay", new Shape.Fields(("image", new Shape.Text()), ("name", new Shape.Text()), ("options", new Shape.Free()))),
        ("customization", new Shape.Fields(
            ("embeddedMachineConfiguration", new Shape.Text()),
            ("extraKernelArgs", new Shape.List(new Shape.Text())),
            ("meta", new Shape.List(new Shape.Fields(("key", new Shape.Number(byte.MaxValue)), ("value", new Shape.Text())))),
            ("systemExtensions", new Shape.Fields(("officialExtensions", new Shape.List(new Shape.Text())))),
            ("bootloader", new Shape.Text()),
            ("secureboot", new Shape.Fields(("enrollKeys", new Shape.Text()), ("includeWellKnownCertificates", new Shape.Flag()))),
            ("diskImage", new Shape.Fields(("sectorSize", new Shape.Number(int.MaxValue)))))));

    private Schematic(string canonical) => Canonical = canonical;

    /// <summary>YAML with four spaces, LF and a final newline.</summary>
    public string Canonical { get; }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical)));

    /// <param name="file">For the places in the refusals.</param>
    /// <param name="refusals">
    /// Everything that is wrong, each as <c>FILE:LINE:COLUMN: sentence</c>. A value of which it is unverified how the factory writes it is
    /// refused as well: its id would be a guess.
    /// </param>
    public static bool TryRead(string yaml, string file, [NotNullWhen(true)] out Schematic? schematic, out IReadOnlyList<string> refusals)
    {
        var problems = new List<(Mark At, string Sentence)>();
        var text = Text(yaml, problems);
        refusals = [.. problems.OrderBy(p => p.At.Line).ThenBy(p => p.At.Column).Select(p => $"{file}:{p.At.Line}:{p.At.Column}: {p.Sentence}")];
        schematic = problems.Count == 0 ? new(text) : null;
        return schematic is not null;
    }

    private static string Text(string yaml, List<(Mark, string)> problems)
    {
        try
        {
            var documents = Yaml.Read(yaml);
            // The schematic that changes nothing may be an empty file.
            if (documents.TrueForAll(root => root.IsNull()))
                return "customization: {}\n";
            if (documents is [YamlMappingNode root])
                return new CanonicalForm(problems).Document(root, Root);
            var at = documents[documents.Count > 1 ? 1 : 0].Start;
            problems.Add((at, documents.Count > 1 ? "a schematic is one document" : "a schematic is a map, such as 'customization: …'"));
        }
        catch (YamlException exception)
        {
            problems.Add((exception.Start, $"this is not YAML: {exception.Message}"));
        }
        return "";
    }
}
