using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;

namespace Cozy.Fleet.Agent.Images;

/// <summary>A build failed; the message is one sentence for people.</summary>
internal sealed class BuildFailedException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>One run of the imager: the profile goes in, one file comes out, what it says goes to the log.</summary>
internal static class ImagerProcess
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(10);

    /// <param name="command">The whole argument list, placeholders filled.</param>
    /// <param name="output">An empty directory of this run alone.</param>
    /// <param name="writesTar">The result is a tar on standard output; else what the command leaves in the directory.</param>
    /// <returns>The file that it made, inside the directory.</returns>
    /// <exception cref="BuildFailedException">It could not be started, failed, or made something else than one file.</exception>
    public static async Task<string> RunAsync(
        IReadOnlyList<string> command, ReadOnlyMemory<byte> profile, (string Directory, bool WritesTar) output, Action<string> log,
        CancellationToken cancellation)
    {
        using var process = Start(command);
        try
        {
            Task[] streams =
            [
                GiveAsync(process, profile, cancellation),
                ReadLinesAsync(process.StandardError, log, cancellation),
                output.WritesTar
                    ? ExtractAsync(process.StandardOutput.BaseStream, output.Directory, cancellation)
                    : ReadLinesAsync(process.StandardOutput, log, cancellation),
            ];
            await process.WaitForExitAsync(cancellation);
            if (process.ExitCode != 0)
                throw new BuildFailedException($"{command[0]} ended with exit code {process.ExitCode}");
            await Task.WhenAll(streams);
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException)
        {
            throw new BuildFailedException($"what {command[0]} wrote is not a whole tar archive: {failure.Message}", failure);
        }
        finally
        {
            await EndAsync(process);
        }
        return OnlyFile(output.Directory);
    }

    // A container's client hands SIGTERM on to its container; killed at once, it would leave the container running.
    private static async Task EndAsync(Process process)
    {
        if (process.HasExited)
            return;
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            await kill.WaitForExitAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(LastWords, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static Process Start(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start) ?? throw new BuildFailedException($"{command[0]} could not be started");
        }
        catch (Win32Exception failure)
        {
            throw new BuildFailedException($"{command[0]} could not be started: {failure.Message}; see imager.command in the agent's configuration", failure);
        }
    }

    private static async Task GiveAsync(Process process, ReadOnlyMemory<byte> profile, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(profile, cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code and its words say why.
        }
    }

    private static async Task ReadLinesAsync(StreamReader reader, Action<string> log, CancellationToken cancellation)
    {
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.Trim() != "")
                log(line.TrimEnd());
        }
    }

    // Only plain files, by their last name: where a stranger's archive wants them to be does not matter.
    private static async Task ExtractAsync(Stream stream, string directory, CancellationToken cancellation)
    {
        await using var tar = new TarReader(stream);
        while (await tar.GetNextEntryAsync(copyData: false, cancellation) is { } entry)
        {
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && Path.GetFileName(entry.Name) is { Length: > 0 } name)
                await entry.ExtractToFileAsync(Path.Combine(directory, name), overwrite: false, cancellation);
        }
        await stream.CopyToAsync(Stream.Null, cancellation); // The padding at its end, or it would hang in its last write.
    }

    private static string OnlyFile(string directory)
    {
        var files = Directory.GetFiles(directory, "*", SearchOption.AllDirectories);
        return files.Length == 1
            ? files[0]
            : throw new BuildFailedException(files.Length == 0
                ? "the imager left no file"
                : $"the imager left {files.Length} files instead of one: {string.Join(", ", files.Select(Path.GetFileName))}");
    }
}
