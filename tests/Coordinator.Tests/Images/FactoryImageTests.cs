using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Session;
using Cozy.Fleet.Coordinator.Tests.Storage;

namespace Cozy.Fleet.Coordinator.Tests.Images;

/// <summary>An image of which only the schematic is said, from the file to the rack's desired state, with a whole coordinator.</summary>
public sealed class FactoryImageTests : IAsyncLifetime
{
    private const string Vanilla = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba";
    private const string Place = $"https://factory.test/image/{Vanilla}/v1.13.9";

    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => coordinator = await RunningCoordinator.StartAsync(directory.Path);

    public async ValueTask DisposeAsync()
    {
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task The_first_digest_that_a_rack_reports_holds_for_the_fleet()
    {
        using var channel = coordinator.DialAsOperator();
        var images = new ImageService.ImageServiceClient(channel);
        var made = (await images.CreateImageAsync(new() { Image = Image() }, cancellationToken: Token)).Image;
        Assert.Equal(($"factory.test/metal-installer/{Vanilla}:v1.13.9", Vanilla), (made.Status.Installer, made.Status.SchematicId));
        Assert.Equal("", made.Spec.Installer); // What was said stays what was said.
        foreach (var name in new[] { "r1", "r2" })
        {
            await new RackService.RackServiceClient(channel).CreateRackAsync(
                new() { Rack = new() { Metadata = new() { Name = name }, Spec = new() { DiscoveryImage = "i" } } }, cancellationToken: Token);
        }
        using var first = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        var told = (await first.NextAsync(m => m.DesiredState is not null)).DesiredState.Images.Single();
        Assert.Equal([$"{Place}/kernel-amd64", $"{Place}/initramfs-amd64.xz"], told.Assets.Select(a => a.Url));
        Assert.All(told.Assets, a => Assert.Equal("", a.Sha256));

        await first.BeatAsync(Seen("kernel-amd64", 'a'));
        var kernel = (await first.NextAsync(m => m.DesiredState is not null)).DesiredState.Images.Single().Assets[0];
        Assert.Equal(new string('a', 64), kernel.Sha256);
        using var second = await AgentDouble.ConnectAsync(coordinator, "r2", "r2");
        await second.BeatAsync(Seen("kernel-amd64", 'b'), Seen("initramfs-amd64.xz", 'c'));
        await second.NextAsync(m => m.DesiredState is { } state && state.Images.Single().Assets[1].Sha256 != "");

        var status = (await images.GetImageAsync(new() { Name = "i" }, cancellationToken: Token)).Image.Status;
        Assert.Equal([new string('a', 64), new string('c', 64)], status.Assets.Select(a => a.Sha256));
        var events = await new EventService.EventServiceClient(channel).ListEventsAsync(
            new() { Filter = "reason = AssetPinned" }, cancellationToken: Token);
        Assert.Contains(events.Events, e => e.Subject == "images/i" && e.Message.Contains("as rack r1 fetched it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task How_far_a_rack_is_and_why_it_fails_can_be_read()
    {
        using var channel = coordinator.DialAsOperator();
        var images = new ImageService.ImageServiceClient(channel);
        await images.CreateImageAsync(new() { Image = Image() }, cancellationToken: Token);
        await new RackService.RackServiceClient(channel).CreateRackAsync(
            new() { Rack = new() { Metadata = new() { Name = "r1" }, Spec = new() { DiscoveryImage = "i" } } }, cancellationToken: Token);
        using var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        async Task<string> MessageAsync() => (await images.GetImageAsync(new() { Name = "i" }, cancellationToken: Token)).Image.Status.Racks
            .SingleOrDefault()?.Message ?? "";

        var kernel = new CachedAsset { Url = $"{Place}/kernel-amd64", Message = "fetching", FetchedBytes = 5 << 20, TotalBytes = 20 << 20 };
        await agent.BeatAsync(kernel);
        await AgentDouble.UntilAsync(async () => await MessageAsync() == "0 of 2 files are here, 5 of 20 MiB of the next");

        await agent.BeatAsync(new CachedAsset { Url = $"{Place}/kernel-amd64", Message = "https://factory.test answers 404 Not Found" });
        await AgentDouble.UntilAsync(async () => await MessageAsync() == "https://factory.test answers 404 Not Found");
    }

    [Fact]
    public async Task An_image_that_is_built_is_ordered_from_its_rack_told_about_and_booted_by_all()
    {
        using var channel = coordinator.DialAsOperator();
        var images = new ImageService.ImageServiceClient(channel);
        var image = Image();
        image.Spec.Factory = null;
        (image.Spec.TalosVersion, image.Spec.Installer) = ("v1.6.4", "registry.test/installer:v1.6.4");
        image.Spec.Imager = ImagerRulesTests.Article();
        foreach (var name in new[] { "r1", "r2" })
        {
            await new RackService.RackServiceClient(channel).CreateRackAsync(
                new() { Rack = new() { Metadata = new() { Name = name }, Spec = new() { DiscoveryImage = "i" } } }, cancellationToken: Token);
        }
        await images.CreateImageAsync(new() { Image = image }, cancellationToken: Token);
        using var other = await AgentDouble.ConnectAsync(coordinator, "r2", "r2");
        Assert.Empty((await other.NextAsync(m => m.DesiredState is not null)).DesiredState.Builds);
        using var builder = await AgentDouble.ConnectAsync(coordinator, "r1", "r1", bootUrl: "http://10.1.0.1:8080/");
        var build = (await builder.NextAsync(m => m.DesiredState?.Builds.Count > 0)).DesiredState.Builds.Single();
        Assert.Equal(["installer", "kernel", "initramfs"], build.Runs.Select(r => r.Kind));

        await builder.BuildsAsync(new BuildProgress { Id = build.Id, State = BuildState.Failed, Message = "no disk", Log = { "zfs: not found" } });
        await AgentDouble.UntilAsync(async () => (await images.GetImageAsync(new() { Name = "i" }, cancellationToken: Token)).Image.Status.Build
            is { State: BuildState.Failed, Message: "no disk", Log: ["zfs: not found"] });
        BuiltFile File(string kind, char digit) => new() { Kind = kind, Name = kind, Sha256 = new(digit, 64), SizeBytes = 7 };
        await builder.BuildsAsync(new BuildProgress
        {
            Id = build.Id, State = BuildState.Done, Files = { File("installer", 'a'), File("kernel", 'b'), File("initramfs", 'c') },
        });

        var told = (await other.NextAsync(m => m.DesiredState?.Images.SingleOrDefault()?.Assets.Count > 0)).DesiredState.Images.Single();
        Assert.Equal([$"http://10.1.0.1:8080/assets/{new string('b', 64)}", $"http://10.1.0.1:8080/assets/{new string('c', 64)}"], told.Assets.Select(a => a.Url));
        var status = (await images.GetImageAsync(new() { Name = "i" }, cancellationToken: Token)).Image.Status;
        Assert.Equal((BuildState.Done, 3, 2), (status.Build.State, status.Build.Files.Count, status.Assets.Count));
    }

    private static CachedAsset Seen(string file, char digit) => new() { Url = $"{Place}/{file}", Sha256 = new(digit, 64), Ready = true };

    private static Image Image() => new()
    {
        Metadata = new() { Name = "i" },
        Spec = new() { TalosVersion = "v1.13.9", Factory = new() { Url = "https://factory.test/", Schematic = "customization: {}" } },
    };
}
