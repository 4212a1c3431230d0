using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Commands;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cozy.Fleet.Agent.Tests.Commands;

/// <summary>Orders against nodes that take the connection and never answer, or that are not there at all.</summary>
public sealed class CommandExecutorTests : IAsyncLifetime
{
    private readonly TestDirectory directory = new();
    private readonly TcpListener silent = new(IPAddress.Loopback, 0);
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;
    private Journal journal = null!;
    private CommandLog record = null!;
    private ulong read;

    public async ValueTask InitializeAsync()
    {
        silent.Start();
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await journal.DisposeAsync();
        await record.DisposeAsync();
        silent.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Repeat_is_answered_from_the_record()
    {
        var executor = Executor();
        await executor.TakeAsync(Order("op1", "not-an-address"));
        var first = await ResultAsync();
        await executor.TakeAsync(Order("op1", "not-an-address"));
        Assert.Equal((CommandOutcome.Failed, FailureClass.Permanent), (first.Outcome, first.FailureClass));
        Assert.Equal(first, await ResultAsync());
    }

    [Fact]
    public async Task Repeat_after_a_restart_is_answered_from_the_record()
    {
        await Executor().TakeAsync(Order("op1", "not-an-address"));
        var first = await ResultAsync();
        await RestartAsync();
        await Executor().TakeAsync(Order("op1", "not-an-address"));
        Assert.Equal(first, await ResultAsync());
    }

    [Fact]
    public async Task Order_that_a_restart_cut_off_is_unknown_and_not_done_again()
    {
        await record.BeginAsync(Order("op1", "127.0.0.1"));
        await RestartAsync();
        Assert.Equal(["op1"], record.Unfinished);
        await Executor().TakeAsync(Order("op1", "127.0.0.1"));
        var result = await ResultAsync();
        Assert.Equal((CommandOutcome.Unknown, "the agent was restarted in the middle of it"), (result.Outcome, result.Message));
        Assert.Empty(record.Unfinished);
    }

    [Theory]
    [InlineData(8u, CommandOutcome.Failed)]
    [InlineData(7u, CommandOutcome.Failed)]
    [InlineData(6u, CommandOutcome.Refused)]
    [InlineData(0u, CommandOutcome.Failed)] // work without a lease
    public async Task Older_fencing_number_is_refused_also_after_a_restart(uint number, CommandOutcome expected)
    {
        await Executor().TakeAsync(Order("op1", "not-an-address", fence: 7));
        await ResultAsync();
        await RestartAsync();
        await Executor().TakeAsync(Order("op2", "not-an-address", fence: number));
        Assert.Equal(expected, (await ResultAsync()).Outcome);
    }

    [Fact]
    public async Task Order_whose_deadline_is_over_is_refused()
    {
        var order = Order("op1", "127.0.0.1");
        order.Deadline = DateTimeOffset.UnixEpoch.ToTimestamp();
        await Executor().TakeAsync(order);
        Assert.Equal(CommandOutcome.Refused, (await ResultAsync()).Outcome);
        order.OperationId = "op2";
        order.Deadline = null;
        await Executor().TakeAsync(order);
        Assert.Equal("it has no deadline", (await ResultAsync()).Message);
    }

    [Fact]
    public async Task Node_that_never_answers_holds_up_no_other_and_ends_at_its_deadline()
    {
        var executor = Executor();
        var hanging = Order("hangs", "127.0.0.1");
        hanging.Deadline = DateTimeOffset.UtcNow.AddSeconds(4).ToTimestamp();
        await executor.TakeAsync(hanging);
        await executor.TakeAsync(Order("other", "not-an-address", node: "n2"));
        Assert.Equal("other", (await ResultAsync()).OperationId);
        var result = await ResultAsync();
        Assert.Equal("hangs", result.OperationId);
        Assert.Contains(result.Outcome, new[] { CommandOutcome.Unknown, CommandOutcome.Failed });
    }

    [Fact]
    public async Task Credentials_are_in_no_file()
    {
        var order = Order("op1", "not-an-address");
        order.Talos = new() { Ca = "ca", Certificate = "certificate", Key = "very-secret-key" };
        await Executor().TakeAsync(order);
        await ResultAsync();
        foreach (var file in Directory.GetFiles(directory.Path))
            Assert.DoesNotContain("very-secret-key", System.Text.Encoding.Latin1.GetString(await ReadSharedAsync(file)), StringComparison.Ordinal);
    }

    private static Command Order(string operation, string address, ulong fence = 0, string node = "n1") => new()
    {
        OperationId = operation, Owner = "clusters/c1", Cluster = "c1", FencingNumber = fence, Node = node, Address = address,
        Deadline = DateTimeOffset.UtcNow.AddMinutes(5).ToTimestamp(), Reboot = new(),
    };

    private CommandExecutor Executor()
    {
        var config = new AgentConfig { DataDirectory = directory.Path, TalosPort = ((IPEndPoint)silent.LocalEndpoint).Port };
        var addresses = new AddressBook(new DesiredStateStore(directory.Path), new BootSessions(TimeProvider.System));
        return new(record, new CommandActions(config, addresses, TimeProvider.System), journal, TimeProvider.System,
            NullLogger<CommandExecutor>.Instance);
    }

    private async Task<CommandResult> ResultAsync()
    {
        await foreach (var report in journal.ReadAsync(read, cancellation))
        {
            read = report.Sequence;
            return report.CommandResult;
        }
        throw new InvalidOperationException("The journal ended.");
    }

    private async Task OpenAsync()
    {
        journal = await Journal.OpenAsync(directory.Path, TimeProvider.System, cancellation);
        record = CommandLog.Open(directory.Path);
    }

    private async Task RestartAsync()
    {
        await journal.DisposeAsync();
        await record.DisposeAsync();
        await OpenAsync();
    }

    private async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var content = new MemoryStream();
        await stream.CopyToAsync(content, cancellation);
        return content.ToArray();
    }
}
