using System.Runtime.CompilerServices;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Images;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cozy.Fleet.Agent.Tests.Images;

/// <summary>Builds with a command that behaves like the imager (testdata/imager.sh).</summary>
public sealed class ImageBuildsTests : IAsyncLifetime
{
    private const string Id = "0123456789abcdef";

    private readonly TemporaryDirectory directory = new();
    private AssetStore store = null!;
    private DesiredStateStore desired = null!;
    private ImageBuilds? builds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        (store, desired) = (new(directory["assets"], 1 << 20, TimeProvider.System), new(directory.Path));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        directory.Dispose();
    }

    [Theory]
    [InlineData("--tar-to-stdout")]
    [InlineData("--output", "{output}")]
    public async Task Each_run_gets_its_profile_and_its_file_becomes_an_asset(params string[] output)
    {
        await StartAsync(Command("works", output));

        var done = await UntilAsync(s => s.State == BuildState.Done);

        Assert.Equal(["installer-amd64.tar", "kernel-amd64", "initramfs-metal-amd64.xz"], done.Files.Select(f => f.Name));
        foreach (var file in done.Files)
        {
            var text = await File.ReadAllTextAsync(store.Find(file.Sha256)!, Token);
            Assert.Equal(($"{file.Kind} v1.6.4 1\n", file.SizeBytes), (text, (long)text.Length));
        }
        Assert.Empty(Directory.GetDirectories(directory["builds"]));
    }

    [Fact]
    public async Task A_finished_build_is_told_after_a_restart_and_not_done_again()
    {
        await StartAsync(Command("works", "--tar-to-stdout"));
        var first = await UntilAsync(s => s.State == BuildState.Done);
        await StopAsync();

        await StartAsync(Command("fails", "--tar-to-stdout"));

        Assert.Equal(first, await UntilAsync(s => s.State is BuildState.Done or BuildState.Failed));
    }

    [Fact]
    public async Task What_was_built_stays_while_it_is_wanted_and_is_built_again_when_its_file_is_damaged()
    {
        await StartAsync(Command("works", "--tar-to-stdout"));
        var first = await UntilAsync(s => s.State == BuildState.Done);
        store.Need(new HashSet<string>(), []);
        Assert.Throws<DownloadRefusedException>(() => store.MakeRoom(1 << 20));
        Assert.NotNull(store.Find(first.Files[0].Sha256));
        await StopAsync();

        await File.WriteAllTextAsync(directory[$"assets/{first.Files[0].Sha256}"], "bit rot", Token);
        store = new(directory["assets"], 1 << 20, TimeProvider.System);
        await StartAsync(Command("works", "--tar-to-stdout"));

        Assert.Equal(first, await UntilAsync(s => s.State == BuildState.Done));
        Assert.NotNull(store.Find(first.Files[0].Sha256));
    }

    [Theory]
    [InlineData("two", "the imager left 2 files instead of one: ")]
    [InlineData("none", "the imager left no file")]
    [InlineData("empty", "the imager made an empty installer-amd64.tar")]
    [InlineData("torn", "is not a whole tar archive: ")]
    [InlineData("fails", "ended with exit code 3")]
    public async Task What_is_no_result_is_a_failure_with_the_reason(string how, string reason)
    {
        await StartAsync(Command(how, "--tar-to-stdout"));

        var failed = await UntilAsync(s => s.State == BuildState.Failed);

        Assert.Contains(reason, failed.Message, StringComparison.Ordinal);
        Assert.Contains("profile ready:", failed.Log);
        Assert.Empty(failed.Files);
    }

    [Fact]
    public async Task What_the_imager_says_is_heard_and_a_build_that_nobody_wants_any_more_is_told_to_end()
    {
        Environment.SetEnvironmentVariable("HANG_MARK", directory["told"]);
        await StartAsync(Command("hangs", "--tar-to-stdout"));
        var running = await UntilAsync(s => s.Log.Contains("pulling"));
        Assert.Equal((BuildState.Running, "building installer, 1 of 3"), (running.State, running.Message));

        await desired.ReplaceAsync(new(), Token);

        await UntilAsync(() => builds!.States.Count == 0);
        Assert.True(File.Exists(directory["told"]));
    }

    [Fact]
    public async Task A_build_that_takes_too_long_is_ended()
    {
        Environment.SetEnvironmentVariable("HANG_MARK", directory["told"]);
        await StartAsync(Command("hangs", "--tar-to-stdout"), TimeSpan.FromSeconds(1));

        Assert.Equal("it was not done within 0.02 minutes", (await UntilAsync(s => s.State == BuildState.Failed)).Message);
    }

    [Theory]
    [InlineData("this agent builds no images: imager.command is not set in its configuration")]
    [InlineData("/nowhere/docker could not be started: ", "/nowhere/docker")]
    public async Task An_agent_that_cannot_build_says_so(string sentence, params string[] command)
    {
        await StartAsync(command);

        Assert.StartsWith(sentence, (await UntilAsync(s => s.State == BuildState.Failed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_replaces_a_placeholder_becomes_an_argument_of_its_own() => Assert.Equal(
        ["run", "imager:v1; rm -rf /", "-v", "/a b:/out"],
        ImagerCommand.Fill(["run", "imager:{version}", "-v", "{output}:/out"], ("v1; rm -rf /", "amd64", "id"), "/a b"));

    private static string[] Command(string how, params string[] output) => ["bash", Script(), how, "{version}", "{arch}", "-", .. output];

    private static string Script([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "testdata/imager.sh");

    private async Task StartAsync(IReadOnlyList<string> command, TimeSpan? timeout = null)
    {
        var config = new AgentConfig { DataDirectory = directory.Path, ImagerCommand = command, ImagerTimeout = timeout ?? TimeSpan.FromMinutes(1) };
        var build = new ImageBuild { Id = Id, Image = "i", Version = "v1.6.4", Arch = "amd64" };
        build.Runs.AddRange(new[] { "installer", "kernel", "initramfs" }.Select(kind => new ImagerRun
        {
            Kind = kind,
            Profile = ByteString.CopyFromUtf8($$"""
                {
                  "input": { "systemExtensions": [ { "imageRef": "ghcr.io/siderolabs/zfs:2.1.14" } ] },
                  "output": {
                    "kind": "{{kind}}",
                    "outFormat": "raw"
                  }
                }
                """),
        }));
        await desired.ReplaceAsync(new() { Builds = { build } }, Token);
        builds = new(config, desired, store, TimeProvider.System, NullLogger<ImageBuilds>.Instance);
        await builds.StartAsync(Token);
    }

    private async Task StopAsync()
    {
        if (builds is null)
            return;
        await builds.StopAsync(CancellationToken.None);
        builds.Dispose();
        builds = null;
    }

    private async Task<BuildProgress> UntilAsync(Func<BuildProgress, bool> fits)
    {
        await UntilAsync(() => builds!.States.Any(fits));
        return builds!.States.Single();
    }

    private async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!isSo())
        {
            if (limit.IsCancellationRequested)
                throw new TimeoutException(string.Join("; ", builds!.States));
            await Task.Yield();
        }
    }
}
