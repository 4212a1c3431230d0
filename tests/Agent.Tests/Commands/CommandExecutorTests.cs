using System.Collections.Concurrent;
using Cozy.Fleet.Agent.Commands;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Commands;

/// <summary>At most once, never with an old fence, one at a time for a node (design 3.3).</summary>
public sealed class CommandExecutorTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly FakeTimeProvider clock = new(new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly ConcurrentQueue<string> begun = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> work = new();
    private CommandLog record = null!;
    private Journal journal = null!;
    private CommandExecutor executor = null!;
    private ulong read;

    public ValueTask InitializeAsync() => StartAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_repeat_while_it_runs_is_not_begun_again_and_one_after_it_is_answered_from_the_record()
    {
        var ended = new TaskCompletionSource<string>();
        executor.Ended += command => ended.SetResult(command.Node); // A second time would throw.
        await executor.TakeAsync(Order("op-1"));
        await executor.TakeAsync(Order("op-1"));
        Finish("op-1", "done");
        Assert.Equal("op-1 Succeeded done", await ResultAsync());

        await executor.TakeAsync(Order("op-1"));

        Assert.Equal("op-1 Succeeded done", await ResultAsync());
        Assert.Equal(["op-1"], begun);
        Assert.Equal("n1", await ended.Task.WaitAsync(Cancellation));
    }

    [Fact]
    public async Task A_number_below_the_highest_is_refused_also_after_a_restart()
    {
        await RunAsync(Order("op-1", fence: 7));
        await StopAsync();
        await StartAsync();

        await executor.TakeAsync(Order("op-2", fence: 6));
        Assert.Equal("op-2 Refused fencing number 6 is older than one seen before", await ResultAsync());
        Assert.Equal("op-3 Succeeded done", await RunAsync(Order("op-3", fence: 7)));
        Assert.Equal("op-4 Succeeded done", await RunAsync(Order("op-4", fence: 1, cluster: "another")));
        Assert.Equal("op-5 Succeeded done", await RunAsync(Order("op-5", fence: 0)));
    }

    [Fact]
    public async Task An_order_that_a_restart_cut_short_is_unknown_and_not_done_again()
    {
        await executor.TakeAsync(Order("op-1"));
        await StopAsync();
        await StartAsync();

        await executor.TakeAsync(Order("op-1"));

        Assert.Equal("op-1 Unknown the agent was restarted in the middle of it", await ResultAsync());
        Assert.Single(begun);
    }

    [Fact]
    public async Task An_order_that_came_too_late_or_without_a_deadline_is_refused_and_never_begun()
    {
        var late = Order("op-1");
        late.Deadline = clock.GetUtcNow().ToTimestamp();
        var endless = Order("op-2");
        endless.Deadline = null;

        await executor.TakeAsync(late);
        Assert.Equal("op-1 Refused its deadline is over", await ResultAsync());
        await executor.TakeAsync(endless);
        Assert.Equal("op-2 Refused it has no deadline", await ResultAsync());
        Assert.Empty(begun);
    }

    [Fact]
    public async Task Work_that_does_not_heed_its_deadline_ends_as_unknown_and_lets_the_next_order_in()
    {
        await executor.TakeAsync(Order("hangs"));
        await BegunAsync("hangs");
        await executor.TakeAsync(Order("next", minutes: 10));

        clock.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal("hangs Unknown its deadline came while it ran", await ResultAsync());
        Finish("next", "done");
        Assert.Equal("next Succeeded done", await ResultAsync());
    }

    [Fact]
    public async Task Work_that_hangs_keeps_no_other_node_waiting_but_its_own()
    {
        await executor.TakeAsync(Order("hangs", node: "n1"));
        await BegunAsync("hangs");
        await executor.TakeAsync(Order("waits", node: "n1"));

        Assert.Equal("other Succeeded done", await RunAsync(Order("other", node: "n2")));
        Assert.Equal(["hangs", "other"], begun);
        Finish("hangs", "done");
        Assert.Equal("hangs Succeeded done", await ResultAsync());
        Finish("waits", "done");
        Assert.Equal("waits Succeeded done", await ResultAsync());
    }

    [Fact]
    public async Task Whatever_work_throws_is_its_result()
    {
        await executor.TakeAsync(Order("op-1"));
        Source("op-1").SetException(new InvalidOperationException("the node exploded"));

        Assert.Equal("op-1 Unknown the node exploded", await ResultAsync());
    }

    [Fact]
    public async Task No_credential_and_no_config_is_on_disk()
    {
        var order = Order("op-1");
        order.Talos = new() { Ca = "CA-PEM", Certificate = "CERT-PEM", Key = "SECRET-KEY" };
        order.ApplyConfiguration = new() { Config = Google.Protobuf.ByteString.CopyFromUtf8("SECRET-CONFIG") };
        await RunAsync(order);
        await StopAsync();

        foreach (var file in Directory.GetFiles(directory.Path))
            Assert.DoesNotContain("SECRET", System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Cancellation)), StringComparison.Ordinal);
        await StartAsync();
    }

    [Fact]
    public async Task A_long_record_is_shortened_and_keeps_the_fences()
    {
        for (var i = 0; i < 10; i++)
            await RunAsync(Order($"op-{i}", fence: i == 0 ? 9u : 0));
        await StopAsync();
        await using (var short1 = await CommandLog.OpenAsync(directory.Path, keep: 4))
        {
            Assert.False(short1.AllowsFence("c", 8));
            Assert.False(short1.TryFind("op-0", out _));
        }

        await StartAsync();
        Assert.False(record.AllowsFence("c", 8));
        Assert.True(record.TryFind("op-9", out var result) && result!.Message == "done");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async ValueTask StartAsync()
    {
        record = await CommandLog.OpenAsync(directory.Path);
        journal = await Journal.OpenAsync(directory.Path, clock, Cancellation);
        executor = new(record, WorkAsync, journal, clock, NullLogger<CommandExecutor>.Instance);
    }

    private async ValueTask StopAsync()
    {
        await record.DisposeAsync();
        await journal.DisposeAsync();
    }

    private Command Order(string operation, uint fence = 1, string node = "n1", string cluster = "c", int minutes = 5) => new()
    {
        OperationId = operation, Owner = "rollouts/r", Cluster = cluster, FencingNumber = fence, Node = node, Address = "10.1.0.5",
        Deadline = clock.GetUtcNow().AddMinutes(minutes).ToTimestamp(), Reboot = new(),
    };

    private async Task<CommandResult> WorkAsync(Command command, Action<string> progress, CancellationToken cancellation)
    {
        begun.Enqueue(command.OperationId);
        Source("begun " + command.OperationId).TrySetResult("");
        var message = await Source(command.OperationId).Task;
        return new() { OperationId = command.OperationId, Owner = command.Owner, Outcome = CommandOutcome.Succeeded, Message = message };
    }

    private TaskCompletionSource<string> Source(string key) =>
        work.GetOrAdd(key, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private Task<string> BegunAsync(string operation) => Source("begun " + operation).Task.WaitAsync(Cancellation);

    private void Finish(string operation, string message) => Source(operation).SetResult(message);

    private async Task<string> RunAsync(Command command)
    {
        await executor.TakeAsync(command);
        Finish(command.OperationId, "done");
        return await ResultAsync();
    }

    /// <summary>The next result in the journal.</summary>
    private async Task<string> ResultAsync()
    {
        await foreach (var report in journal.ReadAsync(read, Cancellation))
        {
            read = report.Sequence;
            return $"{report.CommandResult.OperationId} {report.CommandResult.Outcome} {report.CommandResult.Message}";
        }
        throw new InvalidOperationException("the journal ended");
    }
}
