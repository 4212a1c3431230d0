using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Primitives;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class ImagerMap
{
    public static ImagerBuild ToRecord(V1.ImagerBuild imager)
    {
        var (profile, input) = (imager.Profile ?? new(), imager.Profile?.Input);
        return new(imager.Rack, new(profile.Arch, profile.Platform, profile.Secureboot, profile.Version)
        {
            KernelPath = input?.Kernel?.Path ?? "",
            InitramfsPath = input?.Initramfs?.Path ?? "",
            BaseInstaller = input?.BaseInstaller?.ImageRef ?? "",
            SystemExtensions = (input?.SystemExtensions ?? []).Select(e => e.ImageRef).ToEquatableArray(),
            OutputKind = profile.Output?.Kind ?? "",
            OutFormat = profile.Output?.OutFormat ?? "",
        });
    }

    public static V1.ImagerBuild ToProto(ImagerBuild imager)
    {
        var profile = imager.Profile;
        var input = new V1.ImagerInput
        {
            Kernel = profile.KernelPath == "" ? null : new() { Path = profile.KernelPath },
            Initramfs = profile.InitramfsPath == "" ? null : new() { Path = profile.InitramfsPath },
            BaseInstaller = profile.BaseInstaller == "" ? null : new() { ImageRef = profile.BaseInstaller },
        };
        input.SystemExtensions.Add(profile.SystemExtensions.Select(e => new V1.ImagerContainer { ImageRef = e }));
        return new()
        {
            Rack = imager.Rack,
            Profile = new()
            {
                Arch = profile.Arch, Platform = profile.Platform, Secureboot = profile.Secureboot, Version = profile.Version, Input = input,
                Output = new() { Kind = profile.OutputKind, OutFormat = profile.OutFormat },
            },
        };
    }

    /// <summary>The stored result, else what the rack's agent said last.</summary>
    public static V1.ImageBuildStatus? Status(ImageRecord image, AgentLiveness? agent)
    {
        if (image.Spec.Imager is not { } imager)
            return null;
        var seen = agent?.Builds.FirstOrDefault(b => b.Id == imager.Id);
        if (image.Built is { } built && built.Id == imager.Id)
        {
            var done = new V1.ImageBuildStatus { State = V1.BuildState.Done };
            done.Files.Add(built.Files.Select(f => new V1.BuiltFile { Kind = f.Kind, Name = f.Name, Sha256 = f.Sha256, SizeBytes = f.Size, Url = f.Url }));
            return done;
        }
        if (seen is null)
            return new() { Message = agent is null ? $"waits for the agent of rack {imager.Rack}" : $"the agent of rack {imager.Rack} has not begun yet" };
        var status = new V1.ImageBuildStatus { State = EnumMap<BuildState, V1.BuildState>.Of(seen.State), Message = seen.Message };
        status.Log.Add(seen.Log);
        return status;
    }
}
