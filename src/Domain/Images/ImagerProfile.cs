using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Images;

/// <summary>The part of an imager profile (talos.md 9.4) that an image names. Empty texts take the imager's own.</summary>
public sealed record ImagerProfile(string Arch, string Platform, bool Secureboot, string Version)
{
    public string KernelPath { get; init; } = "";

    public string InitramfsPath { get; init; } = "";

    public string BaseInstaller { get; init; } = "";

    public EquatableArray<string> SystemExtensions { get; init; }

    public string OutputKind { get; init; } = "";

    public string OutFormat { get; init; } = "";
}

/// <summary>One run of the imager: what it makes, and the profile for its standard input.</summary>
public sealed record ImagerRun(string Kind, string Profile);

/// <summary>Which rack's agent builds an image, from what.</summary>
public sealed record ImagerBuild(string Rack, ImagerProfile Profile)
{
    public const string Kernel = "kernel";
    public const string Initramfs = "initramfs";

    // YAML 1.2 reads JSON; so there is nothing to quote in our own way. A reference with a plus stays readable.
    private static readonly JsonSerializerOptions Form = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>The profile's own run, then what machines load at network boot.</summary>
    [JsonIgnore]
    public IReadOnlyList<ImagerRun> Runs => [.. new[] { Profile.OutputKind, Kernel, Initramfs }.Distinct().Select(kind => new ImagerRun(kind, Text(kind)))];

    /// <summary>Another profile is another build.</summary>
    [JsonIgnore]
    public string Id => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(Runs)))[..32];

    private string Text(string kind)
    {
        var own = kind == Profile.OutputKind;
        return JsonSerializer.Serialize(new
        {
            arch = Profile.Arch,
            platform = Profile.Platform,
            // The imager makes kernel and initramfs without it only.
            secureboot = own && Profile.Secureboot,
            version = Profile.Version,
            input = new
            {
                kernel = Path(Profile.KernelPath),
                initramfs = Path(Profile.InitramfsPath),
                baseInstaller = Container(Profile.BaseInstaller),
                systemExtensions = Profile.SystemExtensions.Count == 0 ? null : Profile.SystemExtensions.Select(Container),
            },
            output = new { kind, outFormat = own && Profile.OutFormat != "" ? Profile.OutFormat : "raw" },
        }, Form) + "\n";
    }

    private static object? Path(string path) => path == "" ? null : new { path };

    private static object? Container(string reference) => reference == "" ? null : new { imageRef = reference };
}

/// <summary>What one run made, and where the agent that built it serves it.</summary>
public sealed record BuiltFile(string Kind, string Name, string Sha256, long Size, string Url);

/// <summary>The files of a finished build.</summary>
/// <param name="Id">Of the build that made them; they belong to no other.</param>
public sealed record BuiltFiles(string Id, EquatableArray<BuiltFile> Files);
