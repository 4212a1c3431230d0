using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Tests;

public sealed class ImageSourceTests
{
    private const string Id = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba";
    private const string Place = $"https://factory.test/image/{Id}/v1.13.9";

    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string Digest = new('a', 64);

    [Fact]
    public void A_factory_has_kernel_and_initramfs_for_each_architecture_and_an_installer()
    {
        var made = ImageSource.Resolve(Spec(), []);

        Assert.Equal(
            [$"{Place}/kernel-amd64", $"{Place}/initramfs-amd64.xz", $"{Place}/kernel-arm64", $"{Place}/initramfs-arm64.xz"],
            made.Assets.Select(a => a.Url));
        Assert.All(made.Assets, a => Assert.Equal("", a.Sha256));
        Assert.Equal(($"factory.test/metal-installer/{Id}:v1.13.9", Id), (made.Installer, made.SchematicId));
    }

    [Theory]
    [InlineData("v1.10.0", "factory.test/metal-installer/")]
    [InlineData("v1.9.5", "factory.test/installer/")]
    public void Before_1_10_installers_are_not_named_after_a_platform(string version, string name) =>
        Assert.StartsWith(name, ImageSource.Resolve(Spec() with { TalosVersion = version }, []).Installer, StringComparison.Ordinal);

    [Fact]
    public void What_the_spec_names_stands_before_what_the_factory_has()
    {
        var given = new BootAsset(AssetKind.Kernel, Architecture.Amd64, "", Digest);

        var made = ImageSource.Resolve(Spec() with { Installer = "registry.test/installer:v1.13.9", Assets = [given] }, []);

        Assert.Equal("registry.test/installer:v1.13.9", made.Installer);
        Assert.Equal(given with { Url = $"{Place}/kernel-amd64" }, made.Assets[0]);
    }

    [Fact]
    public void The_first_digest_that_is_seen_of_a_file_is_pinned_and_no_later_one_counts()
    {
        var image = ImageSource.Pin(Image(Spec()), "r1", [($"{Place}/kernel-amd64", Digest), ("https://elsewhere/x", Digest)], Now);

        Assert.Equal([new AssetPin($"{Place}/kernel-amd64", Digest, "r1", Now)], image.Pins);
        Assert.Equal(Digest, image.Effective.Assets[0].Sha256);
        Assert.Same(image, ImageSource.Pin(image, "r2", [($"{Place}/kernel-amd64", new('b', 64))], Now));
    }

    [Fact]
    public void A_file_with_a_checksum_is_never_pinned()
    {
        var image = Image(Spec() with { Assets = [new BootAsset(AssetKind.Kernel, Architecture.Amd64, "", Digest)] });

        Assert.Same(image, ImageSource.Pin(image, "r1", [($"{Place}/kernel-amd64", new('b', 64))], Now));
    }

    [Fact]
    public void Pins_of_files_that_the_image_no_longer_has_go()
    {
        var pins = ImageSource.Pin(Image(Spec()), "r1", [($"{Place}/kernel-amd64", Digest)], Now).Pins;

        Assert.Equal(pins, ImageSource.Remaining(Spec() with { KernelArgs = ["quiet"] }, pins));
        Assert.Empty(ImageSource.Remaining(Spec() with { TalosVersion = "v1.13.10" }, pins));
    }

    [Fact]
    public void Without_a_factory_the_spec_is_what_it_is()
    {
        var spec = Spec() with { Factory = null };

        Assert.Same(spec, ImageSource.Resolve(spec, []));
    }

    private static ImageSpec Spec() => new("v1.13.9", "", "", [], [])
    {
        Factory = new("https://factory.test", "", Id, [Architecture.Amd64, Architecture.Arm64]),
    };

    private static ImageRecord Image(ImageSpec spec) => new(new ResourceMetadata("i", "uid", Now), spec);
}
