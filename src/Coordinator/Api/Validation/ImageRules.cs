using System.Text.RegularExpressions;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.MachineConfig.Images;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Validation;

internal static partial class ImageRules
{
    public static void Check(V1.ImageSpec? spec, Problems problems)
    {
        if (spec is null)
        {
            problems.Add("spec", "must be set");
            return;
        }
        problems.AddIf(!Version().IsMatch(spec.TalosVersion), "spec.talos_version",
            $"'{spec.TalosVersion}' is not a version such as v1.13.1");
        problems.AddIf(spec.SchematicId != "" && !Digest().IsMatch(spec.SchematicId), "spec.schematic_id",
            "must be 64 lower-case hexadecimal digits, or empty");
        if (spec.Factory is null || spec.Installer != "")
            Installer(spec, problems);
        if (spec.Factory is not null)
            Factory(spec, spec.Factory, problems);
        if (spec.Imager is not null)
            ImagerRules.Check(spec, spec.Imager, problems);
        for (var i = 0; i < spec.Assets.Count; i++)
            Asset(spec.Assets[i], spec.Factory is not null, $"spec.assets[{i}]", problems);
        foreach (var twice in spec.Assets.GroupBy(a => (a.Kind, a.Architecture)).Where(g => g.Count() > 1))
            problems.Add("spec.assets",
                $"holds {twice.Count()} assets of {twice.Key.Kind} for {twice.Key.Architecture}; at most one can be booted");
        foreach (var bad in spec.KernelArgs.Where(a => a == "" || a.Any(c => char.IsControl(c) || c is ' ' or '"')))
            problems.Add("spec.kernel_args", $"'{bad}' must be one argument without spaces, quotes and control characters");
    }

    // The reference that the nodes are given must not name another release than the one that is verified afterwards.
    private static void Installer(V1.ImageSpec spec, Problems problems)
    {
        var tag = Reference().Match(spec.Installer);
        if (!tag.Success)
            problems.Add("spec.installer",
                $"'{spec.Installer}' is not an image reference with a tag, such as ghcr.io/siderolabs/installer:v1.13.1");
        else
            problems.AddIf(tag.Groups["tag"].Value != spec.TalosVersion, "spec.installer",
                $"its tag must be {spec.TalosVersion}, the talos_version");
    }

    private static void Factory(V1.ImageSpec spec, V1.FactorySource factory, Problems problems)
    {
        var isUrl = Uri.TryCreate(factory.Url, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", Query: "", Fragment: "" };
        problems.AddIf(!isUrl, "spec.factory.url", $"'{factory.Url}' must be an http or https URL such as https://factory.talos.dev");
        problems.AddIf(factory.Schematic == "" && spec.SchematicId == "", "spec.factory.schematic",
            "must be set, or spec.schematic_id; 'customization: {}' is plain Talos");
        problems.AddIf(factory.Architectures.Any(a => !Known(a)), "spec.factory.architectures", "must be ARCHITECTURE_AMD64 or ARCHITECTURE_ARM64");
        if (factory.Schematic == "")
            return;
        if (!Schematic.TryRead(factory.Schematic, "schematic", out var schematic, out var refusals))
            problems.Add("spec.factory.schematic", string.Join("; ", refusals));
        else
            problems.AddIf(spec.SchematicId != "" && spec.SchematicId != schematic.Id, "spec.schematic_id",
                $"is not the id of spec.factory.schematic, which is {schematic.Id}");
    }

    // With a factory an asset without a URL says the checksum of the factory's file.
    private static void Asset(V1.BootAsset asset, bool hasFactory, string at, Problems problems)
    {
        problems.AddIf(!Known(asset.Kind), $"{at}.kind", "must be ASSET_KIND_KERNEL or ASSET_KIND_INITRAMFS");
        problems.AddIf(!Known(asset.Architecture), $"{at}.architecture", "must be ARCHITECTURE_AMD64 or ARCHITECTURE_ARM64");
        problems.AddIf(!IsAbsolute(asset.Url) && !(hasFactory && asset.Url == ""), $"{at}.url", $"'{asset.Url}' must be an absolute http, https or file URL");
        problems.AddIf(!Digest().IsMatch(asset.Sha256), $"{at}.sha256", "must be 64 lower-case hexadecimal digits");
    }

    private static bool Known<T>(T value)
        where T : struct, Enum => Enum.IsDefined(value) && !EqualityComparer<T>.Default.Equals(value, default);

    private static bool IsAbsolute(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme switch
    {
        "http" or "https" => uri.Host != "",
        "file" => url.StartsWith("file:///", StringComparison.Ordinal),
        _ => false,
    };

    [GeneratedRegex(@"^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?\z")]
    private static partial Regex Version();

    [GeneratedRegex(@"^[0-9a-f]{64}\z")]
    private static partial Regex Digest();

    [GeneratedRegex(@"^[a-z0-9][A-Za-z0-9._:/-]*/?[A-Za-z0-9._-]+:(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(@sha256:[0-9a-f]{64})?\z")]
    private static partial Regex Reference();
}
