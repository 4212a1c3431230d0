using System.Diagnostics;

namespace Cozy.Fleet.Vm;

/// <summary>The guest's files that the machines boot, in `.run/vm`.</summary>
/// <param name="Console">Their kernel's.</param>
internal sealed record GuestFiles(string Architecture, string Kernel, string Initramfs, string Console)
{
    public static readonly GuestFiles Diskless = new("ARCHITECTURE_AMD64", "vmlinuz", "initramfs.gz", "ttyS0");
    public static readonly GuestFiles Installer = Diskless with { Initramfs = "installer.gz" };
    public static readonly GuestFiles Arm64 = new("ARCHITECTURE_ARM64", "vmlinuz-arm64", "initramfs-arm64.gz", "ttyAMA0");
}

/// <summary>What a test needs before it begins.</summary>
/// <param name="Name">Names the directory of its logs.</param>
internal sealed record Scene(string Name, Arrangement Arrangement, GuestFiles Guest)
{
    /// <summary>Debian has no iPXE for arm64: this is the guest itself, as one file.</summary>
    public const string Arm64System = "guest-arm64.efi";

    public const string Grub = "grub-arm64.efi";

    /// <summary>The same with the agent's address in it, because another server names no next-server.</summary>
    public const string GrubOfProxy = "grub-arm64-proxy.efi";

    /// <summary>What arm64 machines are handed out.</summary>
    public string Arm64Loader { get; init; } = Arm64System;
}

/// <summary>A test's rack with its fleet, and what the test has to say about it.</summary>
internal sealed class RackRun(FleetInNamespace fleet, ITestOutputHelper output)
{
    /// <summary>
    /// How long anything is waited for. A boot takes about a minute on idle cores. Other tests want the cores as well, and a machine
    /// that dies is noticed at once.
    /// </summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly Stopwatch watch = Stopwatch.StartNew();

    public FleetInNamespace Fleet => fleet;

    /// <summary>Starts a fleet for the test and ends it with it. A failure shows what every program said last.</summary>
    public static async Task InAsync(Scene scene, ITestOutputHelper output, Func<RackRun, Task> test)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var guest = FleetInNamespace.InRepository(".run/vm");
        await Prerequisites.RequireAsync(guest, cancellation);
        var directory = Path.Combine(guest, "last-test", scene.Name);
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
        Directory.CreateDirectory(directory);

        await using var network = await RackNetwork.CreateAsync(scene.Arrangement, cancellation);
        await using var fleet = new FleetInNamespace(network, directory);
        try
        {
            await fleet.StartAsync(guest, scene, cancellation);
            var run = new RackRun(fleet, output);
            run.Say("coordinator and agent are ready");
            await test(run);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{failure.Message}\n{fleet.Tails()}", failure);
        }
    }

    public Task UntilConsoleAsync(Machine machine, string text) =>
        fleet.UntilConsoleAsync(machine, text, Limit, TestContext.Current.CancellationToken);

    /// <summary>Waits until the agent has logged a line with that text, and returns it.</summary>
    public Task<string> UntilAgentAsync(string text) => fleet.UntilAgentAsync(text, Limit, TestContext.Current.CancellationToken);

    public Task<NodeSeen> UntilAsync(Machine machine, Func<NodeSeen, bool> isSo) =>
        fleet.UntilAsync(machine.Uuid, isSo, Limit, TestContext.Current.CancellationToken);

    public void Say(string what)
    {
        var line = $"{watch.Elapsed.TotalSeconds,6:0.0} s  {what}";
        output.WriteLine(line);
        Show.Line("fleet", line);
    }
}
