using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Validation;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Images;

public sealed class ImagerRulesTests
{
    private const string Profile = "spec.imager.profile.";

    public static TheoryData<string, string, Action<V1.ImageSpec>> Bad => new()
    {
        { "spec.imager.rack", "must name the rack", s => s.Imager.Rack = "" },
        { "spec.factory", "an image has one source", s => s.Factory = new() { Url = "https://factory.test", Schematic = "{}" } },
        { "spec.assets", "which makes them", s => s.Assets.Add(Api.RunningApi.Asset(V1.AssetKind.Kernel, 'a')) },
        { "spec.imager.profile", "must be set", s => s.Imager.Profile = null },
        { Profile + "arch", "'x86_64' must be amd64 or arm64", s => (s.Imager.Profile.Arch, s.Imager.Profile.Input) = ("x86_64", null) },
        { Profile + "platform", "'' is not a platform", s => s.Imager.Profile.Platform = "" },
        { Profile + "version", "'v1.6.5' must be v1.6.4", s => s.Imager.Profile.Version = "v1.6.5" },
        { Profile + "input.kernel.path", "must be an absolute path", s => s.Imager.Profile.Input.Kernel.Path = "vmlinuz" },
        {
            Profile + "input.initramfs.path", "is of arm64, the profile is for amd64",
            s => s.Imager.Profile.Input.Initramfs.Path = "/usr/install/arm64/initramfs.xz"
        },
        { Profile + "input.base_installer.image_ref", "with a tag or a digest", s => s.Imager.Profile.Input.BaseInstaller.ImageRef = "ghcr.io/x/installer" },
        { Profile + "input.system_extensions[1].image_ref", "'' is not an image reference", s => s.Imager.Profile.Input.SystemExtensions[1].ImageRef = "" },
        {
            Profile + "input.system_extensions", "ghcr.io/siderolabs/drbd stands there 2 times",
            s => s.Imager.Profile.Input.SystemExtensions[1].ImageRef = "ghcr.io/siderolabs/drbd:9.2.7"
        },
        { Profile + "output.kind", "'rootfs' must be one of iso, image, installer", s => s.Imager.Profile.Output.Kind = "rootfs" },
        { Profile + "output.kind", "'' must be one of", s => s.Imager.Profile.Output = null },
        {
            Profile + "output.out_format", "'zip' must be one of raw",
            s => (s.Imager.Profile.Output.Kind, s.Imager.Profile.Output.OutFormat) = ("image", "zip")
        },
        { Profile + "output.out_format", "must be raw for installer", s => s.Imager.Profile.Output.OutFormat = ".xz" },
        {
            Profile + "secureboot", "the imager makes no kernel with it",
            s => (s.Imager.Profile.Output.Kind, s.Imager.Profile.Secureboot) = ("kernel", true)
        },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_the_imager_would_refuse_is_said_before(string field, string sentence, Action<V1.ImageSpec> spoil)
    {
        var spec = Spec();
        spoil(spec);

        var problem = Assert.Single(Found(spec));

        Assert.Equal(field, problem.Field);
        Assert.Contains(sentence, problem.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void The_articles_profile_is_good_and_carried_over()
    {
        Assert.Empty(Found(Spec()));
        Assert.Equal(Article(), ImagerMap.ToProto(ImagerMap.ToRecord(Article())));
    }

    [Fact]
    public void The_imager_is_given_the_profile_and_what_machines_boot()
    {
        var runs = ImagerMap.ToRecord(Article()).Runs;

        Assert.Equal(["installer", "kernel", "initramfs"], runs.Select(r => r.Kind));
        Assert.Equal("""
            {
              "arch": "amd64",
              "platform": "metal",
              "secureboot": false,
              "version": "v1.6.4",
              "input": {
                "kernel": {
                  "path": "/usr/install/amd64/vmlinuz"
                },
                "initramfs": {
                  "path": "/usr/install/amd64/initramfs.xz"
                },
                "baseInstaller": {
                  "imageRef": "ghcr.io/siderolabs/installer:v1.6.4"
                },
                "systemExtensions": [
                  {
                    "imageRef": "ghcr.io/siderolabs/drbd:9.2.6-v1.6.4"
                  },
                  {
                    "imageRef": "ghcr.io/siderolabs/zfs:2.1.14-v1.6.4"
                  }
                ]
              },
              "output": {
                "kind": "installer",
                "outFormat": "raw"
              }
            }

            """, runs[0].Profile);
    }

    [Fact]
    public void Another_profile_is_another_build_and_another_rack_is_not()
    {
        var (build, moved, changed) = (ImagerMap.ToRecord(Article()), Article(), Article());
        (moved.Rack, changed.Profile.Platform) = ("r2", "equinixMetal");

        Assert.Equal(build.Id, ImagerMap.ToRecord(moved).Id);
        Assert.NotEqual(build.Id, ImagerMap.ToRecord(changed).Id);
    }

    /// <summary>The profile with DRBD and ZFS that clouds on bare metal are built with, shortened to those two.</summary>
    internal static V1.ImagerBuild Article() => new()
    {
        Rack = "r1",
        Profile = new()
        {
            Arch = "amd64",
            Platform = "metal",
            Version = "v1.6.4",
            Input = new()
            {
                Kernel = new() { Path = "/usr/install/amd64/vmlinuz" },
                Initramfs = new() { Path = "/usr/install/amd64/initramfs.xz" },
                BaseInstaller = new() { ImageRef = "ghcr.io/siderolabs/installer:v1.6.4" },
                SystemExtensions =
                {
                    new V1.ImagerContainer { ImageRef = "ghcr.io/siderolabs/drbd:9.2.6-v1.6.4" },
                    new V1.ImagerContainer { ImageRef = "ghcr.io/siderolabs/zfs:2.1.14-v1.6.4" },
                },
            },
            Output = new() { Kind = "installer", OutFormat = "raw" },
        },
    };

    private static V1.ImageSpec Spec() => new() { TalosVersion = "v1.6.4", Installer = "registry.test/installer:v1.6.4", Imager = Article() };

    private static (string Field, string Description)[] Found(V1.ImageSpec spec)
    {
        var problems = new Problems();
        ImageRules.Check(spec, problems);
        return [.. problems.Found.Select(p => (p.Field, p.Text))];
    }
}
