using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Agent.Tests.Running;

/// <summary>The agent as it was built, as a process of its own, with its log in hand.</summary>
internal sealed partial class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly Process process;
    private readonly List<string> lines = [];
    private readonly Lock gate = new(); // Both outputs come in on threads of their own.
    private TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AgentProcess(Process process) => this.process = process;

    public int DhcpPort { get; private set; }

    public int TftpPort { get; private set; }

    public Uri Http { get; private set; } = new("http://127.0.0.1/");

    public string Output
    {
        get
        {
            lock (gate)
                return string.Join('\n', lines);
        }
    }

    /// <summary>Starts it and returns when it is ready.</summary>
    /// <param name="before">A program that starts it, as <c>ip netns exec NAME</c>.</param>
    public static Task<AgentProcess> StartAsync(string configFile, params string[] before) =>
        ReadyAsync(Launch(["--config", configFile], before));

    /// <summary>The same with the native file that `./fleet publish` made.</summary>
    public static Task<AgentProcess> StartPublishedAsync(string file, string configFile) =>
        ReadyAsync(Launch([file, "--config", configFile]));

    private static async Task<AgentProcess> ReadyAsync(AgentProcess agent)
    {
        var ready = ReadyPattern().Match(await agent.LineAsync("ready: rack"));
        Assert.True(ready.Success, agent.Output);
        agent.DhcpPort = int.Parse(ready.Groups[1].Value, CultureInfo.InvariantCulture);
        agent.TftpPort = int.Parse(ready.Groups[2].Value, CultureInfo.InvariantCulture);
        agent.Http = new(ready.Groups[3].Value.TrimEnd('/') + "/");
        return agent;
    }

    /// <summary>Starts it for as long as it likes to run.</summary>
    public static AgentProcess Launch(IEnumerable<string> arguments, params string[] before) =>
        Launch([.. before, "dotnet", Path.Combine(AppContext.BaseDirectory, "cozy-fleet-agent.dll"), .. arguments]);

    private static AgentProcess Launch(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("COZY_FLEET_TOKEN");
        start.Environment.Remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} could not be started.");
        var agent = new AgentProcess(process);
        process.OutputDataReceived += (_, line) => agent.Add(line.Data);
        process.ErrorDataReceived += (_, line) => agent.Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return agent;
    }

    /// <summary>What it holds in memory now.</summary>
    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>Whether it has asked the kernel to tell it of changed files.</summary>
    public bool WatchesFiles => Directory.EnumerateFiles($"/proc/{process.Id}/fd")
        .Any(file => new FileInfo(file).LinkTarget == "anon_inode:inotify");

    /// <summary>The first line that holds the words, now or later.</summary>
    public async Task<string> LineAsync(string words)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (lines.FirstOrDefault(l => l.Contains(words, StringComparison.Ordinal)) is { } line)
                    return line;
                next = more.Task;
            }
            try
            {
                await Task.WhenAny(next, process.WaitForExitAsync(limit.Token)).WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"the agent never said '{words}':\n{Output}");
            }
            if (process.HasExited && !Output.Contains(words, StringComparison.Ordinal))
                Assert.Fail($"the agent ended with {process.ExitCode} and never said '{words}':\n{Output}");
        }
    }

    public async Task<int> ExitCodeAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode;
    }

    /// <summary>SIGTERM, as systemd ends it.</summary>
    public async Task<int> TerminateAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        return await ExitCodeAsync();
    }

    /// <summary>kill -9: nothing is written any more.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The counter of one reason, as /metrics tells it.</summary>
    public async Task<long> RefusedAsync(string reason, HttpClient http)
    {
        var text = await http.GetStringAsync(new Uri(Http, "metrics"), TestContext.Current.CancellationToken);
        return RefusedIn(text, reason);
    }

    public static long RefusedIn(string metrics, string reason)
    {
        var start = $"cozyfleet_agent_refused_total{{reason=\"{reason}\"}} ";
        var line = metrics.Split('\n').FirstOrDefault(l => l.StartsWith(start, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[start.Length..], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is null)
            return;
        lock (gate)
        {
            lines.Add(line);
            (var signal, more) = (more, new(TaskCreationOptions.RunContinuationsAsynchronously));
            signal.SetResult();
        }
    }

    [GeneratedRegex(@"port (\d+), TFTP port (\d+), HTTP (\S+)")]
    private static partial Regex ReadyPattern();
}
