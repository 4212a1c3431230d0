using System.Diagnostics;
using System.Text.Json;

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>
/// The machine's real disk, behind a program of the initramfs that knows about partitions and boot loaders. With <c>read</c> it
/// prints what <c>write</c> once had as its input; <c>write</c> also makes an empty disk bootable.
/// </summary>
internal sealed class DiskProgram(string program)
{
    /// <exception cref="IOException">The program failed, or what it printed is not ours.</exception>
    public async Task<SystemDisk> ReadAsync(CancellationToken cancellation)
    {
        var text = await RunAsync("read", "", cancellation);
        if (text == "")
            return new() { Store = WriteAsync };
        try
        {
            return new(JsonSerializer.Deserialize(text, EventJson.Default.DiskContents)!) { Store = WriteAsync };
        }
        catch (JsonException failure)
        {
            throw new IOException($"{program} read: what is on the disk is damaged: {failure.Message}", failure);
        }
    }

    private async Task WriteAsync(DiskContents contents, CancellationToken cancellation) =>
        await RunAsync("write", JsonSerializer.Serialize(contents, EventJson.Default.DiskContents), cancellation);

    private async Task<string> RunAsync(string verb, string input, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program, [verb]) { RedirectStandardInput = true, RedirectStandardOutput = true })
            ?? throw new IOException($"{program} could not be started.");
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0 ? output.Trim() : throw new IOException($"{program} {verb} ended with {process.ExitCode}.");
    }
}
