using System.Text.RegularExpressions;
using Cozy.Fleet.Coordinator.Api.Errors;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Validation;

/// <summary>What the imager would refuse (talos.md 9.4), said before anything is built.</summary>
internal static partial class ImagerRules
{
    private const string At = "spec.imager.profile";

    private static readonly string[] Kinds = ["iso", "image", "installer", "kernel", "initramfs", "uki", "cmdline"];
    private static readonly string[] Formats = ["", "raw", ".tar.gz", ".xz", ".gz", ".zst"];

    public static void Check(V1.ImageSpec spec, V1.ImagerBuild imager, Problems problems)
    {
        problems.AddIf(imager.Rack == "", "spec.imager.rack", "must name the rack whose agent builds");
        problems.AddIf(spec.Factory is not null, "spec.factory", "cannot stand beside spec.imager: an image has one source");
        problems.AddIf(spec.Assets.Count > 0, "spec.assets", "cannot stand beside spec.imager, which makes them");
        if (imager.Profile is not { } profile)
        {
            problems.Add(At, "must be set");
            return;
        }
        problems.AddIf(profile.Arch is not ("amd64" or "arm64"), $"{At}.arch", $"'{profile.Arch}' must be amd64 or arm64");
        problems.AddIf(!Word().IsMatch(profile.Platform), $"{At}.platform", $"'{profile.Platform}' is not a platform such as metal");
        problems.AddIf(profile.Version != spec.TalosVersion, $"{At}.version", $"'{profile.Version}' must be {spec.TalosVersion}, the talos_version");
        Input(profile, problems);
        Output(profile, problems);
    }

    private static void Input(V1.ImagerProfile profile, Problems problems)
    {
        var input = profile.Input ?? new();
        File(input.Kernel, "kernel", profile.Arch, problems);
        File(input.Initramfs, "initramfs", profile.Arch, problems);
        if (input.BaseInstaller is not null)
            Container(input.BaseInstaller, $"{At}.input.base_installer", problems);
        for (var i = 0; i < input.SystemExtensions.Count; i++)
            Container(input.SystemExtensions[i], $"{At}.input.system_extensions[{i}]", problems);
        foreach (var twice in input.SystemExtensions.GroupBy(e => e.ImageRef.Split(':', '@')[0]).Where(g => g.Key != "" && g.Count() > 1))
            problems.Add($"{At}.input.system_extensions", $"{twice.Key} stands there {twice.Count()} times");
    }

    private static void File(V1.ImagerFile? file, string key, string arch, Problems problems)
    {
        if (file is null)
            return;
        problems.AddIf(!file.Path.StartsWith('/'), $"{At}.input.{key}.path", $"'{file.Path}' must be an absolute path in the imager's container");
        var other = arch == "amd64" ? "arm64" : "amd64";
        problems.AddIf(file.Path.Split('/').Contains(other), $"{At}.input.{key}.path", $"'{file.Path}' is of {other}, the profile is for {arch}");
    }

    private static void Container(V1.ImagerContainer container, string at, Problems problems) =>
        problems.AddIf(!Reference().IsMatch(container.ImageRef), $"{at}.image_ref",
            $"'{container.ImageRef}' is not an image reference with a tag or a digest, such as ghcr.io/siderolabs/drbd:9.2.6-v1.6.4");

    private static void Output(V1.ImagerProfile profile, Problems problems)
    {
        var output = profile.Output ?? new();
        problems.AddIf(!Kinds.Contains(output.Kind), $"{At}.output.kind", $"'{output.Kind}' must be one of {string.Join(", ", Kinds)}");
        problems.AddIf(!Formats.Contains(output.OutFormat), $"{At}.output.out_format", $"'{output.OutFormat}' must be one of {string.Join(", ", Formats[1..])}");
        problems.AddIf(output.Kind is not "image" && output.OutFormat is not ("" or "raw"), $"{At}.output.out_format",
            $"must be raw for {output.Kind}: only an image is packed");
        problems.AddIf(output.Kind is "kernel" or "initramfs" && profile.Secureboot, $"{At}.secureboot", $"the imager makes no {output.Kind} with it");
    }

    [GeneratedRegex(@"^[a-z][a-z0-9-]*\z")]
    private static partial Regex Word();

    [GeneratedRegex(@"^[a-z0-9][A-Za-z0-9._:/-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})\z")]
    private static partial Regex Reference();
}
