using System.IO.Compression;
using System.Net;
using System.Text;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Commands;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Queries;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Tests.Queries;

/// <summary>What a simulated node in maintenance mode, of a release that lets everybody read, answers through the agent.</summary>
public sealed class QueryAnswersTests : IAsyncLifetime
{
    private static int nextAddress;

    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource power = new();
    private readonly TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IPAddress address = IPAddress.Parse(
        $"127.{200 + Environment.ProcessId / 256 % 50}.{Environment.ProcessId % 256}.{Interlocked.Increment(ref nextAddress)}");
    private NodeDial dial = null!;
    private Task running = Task.CompletedTask;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        dial = new(new(), new(new DesiredStateStore(directory.Path), new BootSessions(TimeProvider.System)));
        var machine = SimulatedMachine.Started(
            new("m", MacAddress.Parse("52:54:00:00:00:01"), default, SimulatedFirmware.Bios), new(SemanticVersion.Parse("v1.13.9"), "", address),
            new(), new(TimeProvider.System, 200), new(1), happened =>
            {
                if (happened.What == "maintenance")
                    up.TrySetResult();
            });
        running = machine.RunAsync(power.Token);
        await up.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
    }

    public async ValueTask DisposeAsync()
    {
        await power.CancelAsync();
        await running;
        power.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Services_logs_and_kernel_messages_come_as_the_node_has_them()
    {
        var services = ServiceStates.Parser.ParseFrom(await AnswerAsync(new() { ListServices = new() }));
        var log = Encoding.UTF8.GetString(await AnswerAsync(new() { ReadLogs = new() { Service = "machined", TailLines = 1 } }));
        var kernel = Encoding.UTF8.GetString(await AnswerAsync(new() { ReadDmesg = new() }));

        Assert.Equal(["apid Running True", "machined Running True"], services.Services.Select(s => $"{s.Id} {s.State} {s.Healthy}"));
        Assert.Single(log.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("kern:  notice: [", kernel, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_has_the_nodes_status_and_says_why()
    {
        var snapshot = await Assert.ThrowsAsync<RpcException>(() => AnswerAsync(new() { SnapshotEtcd = new() }));
        var dryRun = await AnswerAsync(new() { DryRunConfig = new() { Config = ByteString.CopyFromUtf8("machine: [") } });

        Assert.Equal((StatusCode.PermissionDenied,
            "not authorized; EtcdSnapshot needs the role os:operator, and a node in maintenance mode takes everybody for os:reader; give it a config first"),
            (snapshot.StatusCode, snapshot.Status.Detail));
        Assert.StartsWith("InvalidArgument: ", NodeVerdict.Parser.ParseFrom(dryRun).ModeDetails, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_support_archive_comes_in_pieces_and_can_be_opened()
    {
        using var archive = new ZipArchive(new MemoryStream(await AnswerAsync(new() { CollectSupport = new() })));

        Assert.Contains("logs/machined.log", archive.Entries.Select(e => e.FullName));
        using var version = new StreamReader(archive.GetEntry("version.txt")!.Open());
        Assert.Equal("v1.13.9\n", await version.ReadToEndAsync(Token));
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("shutdown")]
    [InlineData("rollback")]
    [InlineData("defragment")]
    [InlineData("remove")]
    [InlineData("disarm")]
    [InlineData("restart")]
    public async Task A_command_that_the_node_refuses_has_failed_for_good(string what)
    {
        var command = new Command { OperationId = "op-1", Owner = "clusters/c", Address = address.ToString() };
        var (name, role) = Fill(command, what);

        var result = await new CommandActions(dial, power: null!, TimeProvider.System).ExecuteAsync(command, _ => { }, Token);

        Assert.Equal((CommandOutcome.Failed, FailureClass.Permanent), (result.Outcome, result.FailureClass));
        Assert.StartsWith($"PermissionDenied: not authorized; {name} needs the role {role}, ", result.Message, StringComparison.Ordinal);
    }

    private static (string Name, string Role) Fill(Command command, string what)
    {
        switch (what)
        {
            case "reset": command.Reset = new() { Reboot = true }; return ("Reset", "os:admin");
            case "shutdown": command.Shutdown = new(); return ("Shutdown", "os:operator");
            case "rollback": command.Rollback = new(); return ("Rollback", "os:admin");
            case "defragment": command.DefragmentEtcd = new(); return ("EtcdDefragment", "os:operator");
            case "remove": command.RemoveEtcdMember = new() { MemberId = 1 }; return ("EtcdRemoveMemberByID", "os:admin");
            case "disarm": command.DisarmEtcdAlarms = new(); return ("EtcdAlarmDisarm", "os:operator");
            default: command.RestartService = new() { Id = "kubelet" }; return ("ServiceRestart", "os:operator");
        }
    }

    private async Task<byte[]> AnswerAsync(Query query)
    {
        query.Address = address.ToString();
        using var bytes = new MemoryStream();
        // Nobody asks for leases here: they would need a whole DHCP service.
        await foreach (var piece in new QueryAnswers(dial, leases: null!, kernelLogs: null!, power: null!).AnswerAsync(query, Token))
            bytes.Write(piece.Span);
        return bytes.ToArray();
    }
}
