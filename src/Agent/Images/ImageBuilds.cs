using System.Collections.Concurrent;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Agent.Images;

/// <summary>
/// Builds what the desired state says, one after the other; a build that is no longer there is ended. What was built is an asset like any
/// other, and is told to the coordinator for as long as it is wanted. A build that a restart cut short begins anew.
/// </summary>
internal sealed partial class ImageBuilds(
    AgentConfig config, DesiredStateStore desired, AssetStore store, TimeProvider clock, ILogger<ImageBuilds> log) : BackgroundService
{
    private const int LogLines = 20;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(10);

    private readonly string directory = Directory.CreateDirectory(Path.Combine(config.DataDirectory, "builds")).FullName;
    private readonly ConcurrentDictionary<string, BuildProgress> states = new();
    private readonly SemaphoreSlim wake = new(0);

    public IReadOnlyCollection<BuildProgress> States => [.. states.Values];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        desired.Changed += () => wake.Release();
        while (!stoppingToken.IsCancellationRequested)
        {
            await ConvergeAsync(stoppingToken);
            using var pause = new CancellationTokenSource(RetryInterval, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, pause.Token);
            try
            {
                await wake.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // A build that failed is tried again: what it fetches may be there by now.
            }
        }
    }

    private ImageBuild[] Wanted() => [.. (desired.Current?.Builds ?? []).Where(b => b.Id.Length > 0 && b.Id.All(char.IsAsciiHexDigitLower))];

    private bool IsWanted(string id) => Wanted().Any(b => b.Id == id);

    private async Task ConvergeAsync(CancellationToken stopping)
    {
        foreach (var id in states.Keys.Where(id => !IsWanted(id)))
            states.TryRemove(id, out _);
        foreach (var file in Directory.GetFiles(directory).Where(file => !IsWanted(Path.GetFileName(file))))
            File.Delete(file);
        foreach (var build in Wanted())
        {
            if (await KnownAsync(build.Id, stopping) is { } known)
                states[build.Id] = known;
        }
        Hold();
        foreach (var build in Wanted().Where(b => !states.TryGetValue(b.Id, out var state) || state.State != BuildState.Done))
            await BuildAsync(build, stopping);
    }

    // Its files may have been damaged or removed meanwhile.
    private async Task<BuildProgress?> KnownAsync(string id, CancellationToken cancellation)
    {
        var path = Path.Combine(directory, id);
        if (!File.Exists(path))
            return null;
        var known = BuildProgress.Parser.ParseFrom(await File.ReadAllBytesAsync(path, cancellation));
        foreach (var file in known.Files)
        {
            if (await store.CheckAsync(file.Sha256, cancellation) != AssetOnDisk.Good)
                return null;
        }
        return known;
    }

    private void Hold() => store.Hold(states.Values.SelectMany(s => s.Files).Select(f => f.Sha256));

    private async Task BuildAsync(ImageBuild build, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(config.ImagerTimeout, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, timeout.Token);
        void EndUnwanted()
        {
            if (!IsWanted(build.Id))
                ending.Cancel();
        }
        desired.Changed += EndUnwanted;
        try
        {
            EndUnwanted();
            await RunAllAsync(build, ending.Token);
            LogBuilt(build.Image, build.Id);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested || !IsWanted(build.Id))
        {
            states.TryRemove(build.Id, out _);
            LogEnded(build.Image, build.Id);
        }
        catch (Exception failure)
        {
            // A build is a boundary, as a download is: it is told why, and the other builds go on.
            var sentence = failure is OperationCanceledException ? $"it was not done within {config.ImagerTimeout.TotalMinutes:0.##} minutes" : failure.Message;
            Say(build.Id, state => (state.State, state.Message) = (BuildState.Failed, sentence));
            LogFailed(build.Image, sentence);
        }
        finally
        {
            desired.Changed -= EndUnwanted;
        }
    }

    private async Task RunAllAsync(ImageBuild build, CancellationToken cancellation)
    {
        if (config.ImagerCommand.Count == 0)
            throw new BuildFailedException("this agent builds no images: imager.command is not set in its configuration");
        states[build.Id] = new() { Id = build.Id, State = BuildState.Running };
        var files = new List<BuiltFile>();
        foreach (var run in build.Runs)
        {
            Say(build.Id, state => state.Message = $"building {run.Kind}, {files.Count + 1} of {build.Runs.Count}");
            files.Add(await RunAsync(build, run, cancellation));
        }
        var done = new BuildProgress { Id = build.Id, State = BuildState.Done, Files = { files } };
        await PrivateFile.WriteAsync(Path.Combine(directory, build.Id), done.ToByteArray(), cancellation);
        states[build.Id] = done;
        Hold();
    }

    private async Task<BuiltFile> RunAsync(ImageBuild build, ImagerRun run, CancellationToken cancellation)
    {
        // Beside the assets, so that the result is renamed and not copied.
        var output = Directory.CreateDirectory(Path.Combine(directory, $"{build.Id}-{run.Kind}.output"));
        try
        {
            foreach (var old in output.GetFileSystemInfos())
                Remove(old);
            var command = ImagerCommand.Fill(config.ImagerCommand, (build.Version, build.Arch, build.Id), output.FullName).ToArray();
            var made = new FileInfo(await ImagerProcess.RunAsync(
                command, run.Profile.Memory, (output.FullName, ImagerCommand.WritesTar(config.ImagerCommand)), line => Hear(build.Id, line), cancellation));
            var (name, size) = (made.Name, made.Length);
            if (size == 0)
                throw new BuildFailedException($"the imager made an empty {name}");
            store.MakeRoom(size);
            return new() { Kind = run.Kind, Name = name, SizeBytes = size, Sha256 = await store.CommitAsync(made.FullName, "", cancellation) };
        }
        finally
        {
            Remove(output);
        }
    }

    private static void Remove(FileSystemInfo old)
    {
        if (old is DirectoryInfo inner)
            inner.Delete(recursive: true);
        else
            old.Delete();
    }

    private void Hear(string id, string line)
    {
        LogLine(id, line);
        Say(id, state =>
        {
            state.Log.Add(line.Length > 500 ? line[..500] : line);
            while (state.Log.Count > LogLines)
                state.Log.RemoveAt(0);
        });
    }

    // Whoever sends a state must not see it change: it is replaced.
    private void Say(string id, Action<BuildProgress> change) => states.AddOrUpdate(id,
        _ => Changed(new() { Id = id, State = BuildState.Running }, change), (_, old) => Changed(old.Clone(), change));

    private static BuildProgress Changed(BuildProgress state, Action<BuildProgress> change)
    {
        change(state);
        return state;
    }

    [LoggerMessage(LogLevel.Information, "image {Image} is built ({Id})")]
    private partial void LogBuilt(string image, string id);

    [LoggerMessage(LogLevel.Information, "the build of image {Image} ({Id}) is ended: nobody wants it any more")]
    private partial void LogEnded(string image, string id);

    [LoggerMessage(LogLevel.Error, "image {Image} cannot be built: {Error}")]
    private partial void LogFailed(string image, string error);

    [LoggerMessage(LogLevel.Information, "build {Id}: {Line}")]
    private partial void LogLine(string id, string line);
}
