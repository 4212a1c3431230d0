using System.Net;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Commands;
using Cozy.Fleet.Simulator.Firmware;

namespace Cozy.Fleet.Simulator.Tests;

public sealed class DiskProgramTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("disk-program");

    [Fact]
    public async Task What_was_installed_is_there_when_the_machine_is_switched_on_again()
    {
        var program = new DiskProgram(Script("case $1 in read) [ ! -e \"$0.json\" ] || cat \"$0.json\" ;; write) cat > \"$0.json\" ;; esac"));
        var disk = await program.ReadAsync(TestRack.Cancellation);
        Assert.False(disk.IsInstalled);

        disk.InstallFirst("registry.test/installer:v1.13.9", "machine: {}\n", "console=ttyS0");
        disk.HasEtcdData = true;
        await disk.SyncAsync(TestRack.Cancellation);

        var again = await program.ReadAsync(TestRack.Cancellation);
        Assert.True(again is { IsInstalled: true, HasEtcdData: true, Config: "machine: {}\n", CommandLine: "console=ttyS0" });
        Assert.Equal("registry.test/installer:v1.13.9", again.Current);
    }

    [Theory]
    [InlineData("exit 3", "read ended with 3")]
    [InlineData("echo '{'", "damaged")]
    public async Task A_disk_that_cannot_be_read_is_no_empty_disk(string script, string reason)
    {
        var program = new DiskProgram(Script(script));

        var failure = await Assert.ThrowsAsync<IOException>(() => program.ReadAsync(TestRack.Cancellation));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_real_reboot_ends_the_program_after_the_disk_was_written()
    {
        var steps = new List<string>();
        var disk = new SystemDisk { Store = StoreAsync };
        var kernel = new StartedKernel(SemanticVersion.Parse("v1.13.9"), "", IPAddress.Loopback)
        {
            Disk = disk,
            FromDisk = true,
            Reboot = _ => throw new OperationCanceledException(),
        };
        var firmware = kernel.With(new(TimeProvider.System, 1));

        Assert.IsType<BootSource.Disk>(await firmware.RunAsync(disk, TestRack.Cancellation));
        await Assert.ThrowsAsync<OperationCanceledException>(() => firmware.RunAsync(disk, TestRack.Cancellation));
        Assert.Equal(["written"], steps);

        Task StoreAsync(DiskContents contents, CancellationToken cancellation)
        {
            steps.Add("written");
            return Task.CompletedTask;
        }
    }

    public void Dispose() => directory.Delete(recursive: true);

    private string Script(string body)
    {
        var path = Path.Combine(directory.FullName, "disk");
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }
}
