using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class ImageTests
{
    private const string Vanilla = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba\n";

    [Fact]
    public async Task The_id_of_a_schematic_is_printed_and_nobody_is_asked()
    {
        await using var cli = await Operator.StartAsync();
        cli.Environment["COZY_FLEET_CONTEXT"] = "/nowhere";
        cli.Input = "customization: {}";

        var run = await cli.RunAsync("image", "schematic", "-f", cli.Write("schematic.yaml", "# nothing\ncustomization:\n"));

        Assert.Equal((ExitCode.Ok, Vanilla, ""), (run.Code, run.Output, run.Error));
        Assert.Equal(Vanilla, (await cli.RunAsync("image", "schematic", "-f", "-")).Output);
    }

    [Fact]
    public async Task A_schematic_without_an_id_says_why_with_the_place()
    {
        await using var cli = await Operator.StartAsync();

        var run = await cli.RunAsync("image", "schematic", "-f", cli.Write("s.yaml", "customization:\n  extraKernelArgs:\n    - a: b\n"));

        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Output));
        Assert.Equal("The schematic has no id:\n  DIR/s.yaml:3:7: customization.extraKernelArgs[0] is not a plain value\n", run.Error);
    }

    [Fact]
    public async Task What_a_build_says_and_what_a_factory_has_is_shown()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Images.Put(new()
        {
            Metadata = new() { Name = "i" },
            Spec = new() { TalosVersion = "v1.13.9", Factory = new() { Url = "https://factory.test" } },
            Status = new()
            {
                Installer = "factory.test/metal-installer/x:v1.13.9",
                Assets =
                {
                    new BootAsset { Kind = AssetKind.Kernel, Architecture = Architecture.Amd64, Url = "https://factory.test/kernel-amd64" },
                },
                Build = new() { State = BuildState.Failed, Message = "docker ended with exit code 3", Log = { "zfs: not found" } },
            },
        });

        var told = (await cli.RunAsync("describe", "image", "i")).Output;

        Assert.Contains("factory.test/metal-installer/x:v1.13.9", told, StringComparison.Ordinal);
        Assert.Contains("https://factory.test/kernel-amd64 not fetched yet", told, StringComparison.Ordinal);
        Assert.Contains("Failed: docker ended with exit code 3", told, StringComparison.Ordinal);
        Assert.Contains("| zfs: not found", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_one_sentence()
    {
        await using var cli = await Operator.StartAsync();

        var run = await cli.RunAsync("image", "schematic", "-f", cli.Path("none.yaml"));

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.StartsWith("DIR/none.yaml cannot be read: ", run.Error, StringComparison.Ordinal);
    }
}
