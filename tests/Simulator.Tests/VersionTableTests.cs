using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Talos;
using Cozy.Fleet.Talos.Api.Cosi;
using Cozy.Fleet.Talos.Api.Machine;
using Cozy.Fleet.Talos.Api.Storage;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static Cozy.Fleet.Talos.Api.Machine.ApplyConfigurationRequest.Types;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>
/// What each release answers to each call that we make, one table for each situation. A cell is a status: ok, Ui (Unimplemented), De
/// (PermissionDenied), No (NotFound), In (InvalidArgument), Un (Unknown), Fa (FailedPrecondition), Al (AlreadyExists).
/// </summary>
public sealed class VersionTableTests
{
    private static readonly string[] Releases =
        ["v1.6.8", "v1.7.7", "v1.8.4", "v1.9.6", "v1.10.9", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"];

    // talos.md 3.2 (the tiny API up to 1.12), 3.3 (a config that cannot be read), 5.7 (modes), 2.2 (resources by release).
    private const string Maintenance = """
        apply auto                  ok ok ok ok ok ok ok ok
        apply reboot                ok ok ok ok ok ok ok ok
        apply no-reboot             Ui Ui Ui Ui Ui Ui ok ok
        apply staged                Ui Ui Ui Ui Ui Ui ok ok
        apply try                   ok ok ok ok ok ok ok ok
        apply unreadable            Un Un Un Un Un Un In In
        apply unknown key           Un Un Un Un Un Un In In
        apply invalid               In In In In In In In In
        Version                     Ui Ui Ui Ui Ui Ui ok ok
        SystemStat                  Ui Ui Ui Ui Ui Ui ok ok
        ServiceList                 Ui Ui Ui Ui Ui Ui ok ok
        Events                      Ui Ui Ui Ui Ui Ui ok ok
        Bootstrap                   Ui Ui Ui Ui Ui Ui De De
        Kubeconfig                  Ui Ui Ui Ui Ui Ui De De
        Reboot                      Ui Ui Ui Ui Ui Ui De De
        Rollback                    Ui Ui Ui Ui Ui Ui De De
        Upgrade                     Ui Ui Ui Ui Ui Ui De De
        EtcdForfeitLeadership       Ui Ui Ui Ui Ui Ui De De
        Logs                        Ui Ui Ui Ui Ui Ui ok ok
        Dmesg                       Ui Ui Ui Ui Ui Ui ok ok
        Reset                       Ui Ui Ui Ui Ui Ui De De
        Shutdown                    Ui Ui Ui Ui Ui Ui De De
        ServiceRestart              Ui Ui Ui Ui Ui Ui De De
        MetaWrite                   Ui Ui Ui Ui Ui Ui De De
        EtcdSnapshot                Ui Ui Ui Ui Ui Ui De De
        EtcdDefragment              Ui Ui Ui Ui Ui Ui De De
        EtcdAlarmDisarm             Ui Ui Ui Ui Ui Ui De De
        EtcdRemoveMemberByID        Ui Ui Ui Ui Ui Ui De De
        LifecycleService.Upgrade    Ui Ui Ui Ui Ui Ui De De
        ImageService.Pull           Ui Ui Ui Ui Ui Ui De De
        StorageService.Disks        ok ok ok ok ok ok ok ok
        MachineStatuses             ok ok ok ok ok ok ok ok
        Disks                       De De ok ok ok ok ok ok
        SystemDisks                 De De No No No No No No
        Versions                    De De De De ok ok ok ok
        BootIDs                     De De De De De De De ok
        MachineConfigs              De De De De De De De De
        another namespace           De De De De De De De De
        """;

    // talos.md 1.3 (roles), 1.4 (services from 1.13), 5.7 (REBOOT is gone in 1.14, cold fields), 8.1 (bootstrap).
    private const string Admin = """
        apply auto                  ok ok ok ok ok ok ok ok
        apply reboot                ok ok ok ok ok ok ok Ui
        apply no-reboot             ok ok ok ok ok ok ok ok
        apply staged                ok ok ok ok ok ok ok ok
        apply try                   ok ok ok ok ok ok ok ok
        apply cold no-reboot        In In In In In In In ok
        apply cold try              In In In In In In In ok
        apply unreadable            In In In In In In In In
        apply unknown key           In In In In In In In In
        apply invalid               In In In In In In In In
        Version                     ok ok ok ok ok ok ok ok
        SystemStat                  ok ok ok ok ok ok ok ok
        ServiceList                 ok ok ok ok ok ok ok ok
        Events                      ok ok ok ok ok ok ok ok
        Bootstrap                   Al Al Al Al Al Al Al Al
        Kubeconfig                  ok ok ok ok ok ok ok ok
        EtcdMemberList              ok ok ok ok ok ok ok ok
        EtcdStatus                  ok ok ok ok ok ok ok ok
        EtcdAlarmList               ok ok ok ok ok ok ok ok
        Logs                        ok ok ok ok ok ok ok ok
        Dmesg                       ok ok ok ok ok ok ok ok
        EtcdSnapshot                ok ok ok ok ok ok ok ok
        EtcdDefragment              ok ok ok ok ok ok ok ok
        EtcdAlarmDisarm             ok ok ok ok ok ok ok ok
        Reset                       Un Un Un Un Un Un Un Un
        ServiceRestart              Un Un Un Un Un Un Un Un
        MetaWrite                   In In In In In In In In
        EtcdRemoveMemberByID        No No No No No No No No
        EtcdForfeitLeadership       Un Un Un Un Un Un Un Un
        Upgrade                     Un Un Un Un Un Un Un Un
        LifecycleService.Upgrade    Ui Ui Ui Ui Ui Ui In In
        ImageService.Pull           Ui Ui Ui Ui Ui Ui No No
        StorageService.Disks        ok ok ok ok ok ok ok ok
        Disks                       De De ok ok ok ok ok ok
        SystemDisks                 De De ok ok ok ok ok ok
        Versions                    De De De De ok ok ok ok
        BootIDs                     De De De De De De De ok
        MachineConfigs              ok ok ok ok ok ok ok ok
        another namespace           De De De De De De De De
        """;

    // talos.md 1.3 (control plane only), 8.1 (a worker's answer to Bootstrap).
    private const string Worker = """
        Bootstrap                   Fa Fa Fa Fa Fa Fa Ui Ui
        Kubeconfig                  Ui Ui Ui Ui Ui Ui Ui Ui
        EtcdMemberList              Ui Ui Ui Ui Ui Ui Ui Ui
        EtcdStatus                  Ui Ui Ui Ui Ui Ui Ui Ui
        EtcdAlarmList               Ui Ui Ui Ui Ui Ui Ui Ui
        EtcdSnapshot                Ui Ui Ui Ui Ui Ui Ui Ui
        EtcdDefragment              Ui Ui Ui Ui Ui Ui Ui Ui
        EtcdAlarmDisarm             Ui Ui Ui Ui Ui Ui Ui Ui
        EtcdRemoveMemberByID        Ui Ui Ui Ui Ui Ui Ui Ui
        EtcdForfeitLeadership       Ui Ui Ui Ui Ui Ui Ui Ui
        """;

    // talos.md 1.3, 4.3: what a reader may not do.
    private const string Reader = """
        apply auto                  De De De De De De De De
        Version                     ok ok ok ok ok ok ok ok
        Bootstrap                   De De De De De De De De
        Kubeconfig                  De De De De De De De De
        Reboot                      De De De De De De De De
        Rollback                    De De De De De De De De
        Upgrade                     De De De De De De De De
        EtcdMemberList              ok ok ok ok ok ok ok ok
        Reset                       De De De De De De De De
        Shutdown                    De De De De De De De De
        ServiceRestart              De De De De De De De De
        MetaWrite                   De De De De De De De De
        EtcdSnapshot                De De De De De De De De
        EtcdDefragment              De De De De De De De De
        EtcdAlarmDisarm             De De De De De De De De
        EtcdRemoveMemberByID        De De De De De De De De
        Logs                        ok ok ok ok ok ok ok ok
        Dmesg                       ok ok ok ok ok ok ok ok
        EtcdForfeitLeadership       De De De De De De De De
        LifecycleService.Upgrade    Ui Ui Ui Ui Ui Ui De De
        ImageService.Pull           Ui Ui Ui Ui Ui Ui De De
        MachineStatuses             ok ok ok ok ok ok ok ok
        MachineConfigs              De De De De De De De De
        """;

    // talos.md 4.3: an operator, and who makes backups and nothing else.
    private const string Operator = """
        EtcdSnapshot                ok ok ok ok ok ok ok ok
        EtcdDefragment              ok ok ok ok ok ok ok ok
        EtcdAlarmDisarm             ok ok ok ok ok ok ok ok
        ServiceRestart              Un Un Un Un Un Un Un Un
        Reset                       De De De De De De De De
        MetaWrite                   De De De De De De De De
        EtcdRemoveMemberByID        De De De De De De De De
        Rollback                    De De De De De De De De
        """;

    private const string Backup = """
        EtcdSnapshot                ok ok ok ok ok ok ok ok
        EtcdMemberList              ok ok ok ok ok ok ok ok
        EtcdDefragment              De De De De De De De De
        EtcdAlarmDisarm             De De De De De De De De
        Logs                        De De De De De De De De
        Version                     De De De De De De De De
        """;

    public static TheoryData<string> Versions => [.. Releases];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Without_credentials_a_node_in_maintenance_answers_by_its_release(string version)
    {
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");

        await CheckAsync(Maintenance, version, rack.Maintenance(0), rack.Config(0, MachineType.Worker));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_running_node_answers_by_its_release_its_type_and_the_callers_role(string version)
    {
        await using var rack = new TestRack(version, 2);
        await rack.BringUpAsync(controlPlanes: 1);
        var config = rack.Config(0, MachineType.ControlPlane);

        await CheckAsync(Reader, version, rack.Secure(0, "os:reader"), config);
        await CheckAsync(Operator, version, rack.Secure(0, "os:operator"), config);
        await CheckAsync(Backup, version, rack.Secure(0, "os:etcd:backup"), config);
        await CheckAsync(Worker, version, rack.Secure(1), config);
        await CheckAsync(Admin, version, rack.Secure(0), config);
    }

    private static async Task CheckAsync(string table, string version, TalosConnection node, string config)
    {
        var column = Array.IndexOf(Releases, version);
        var (expected, seen) = (new List<string>(), new List<string>());
        foreach (var row in table.Split('\n'))
        {
            var name = row[..28].Trim();
            expected.Add($"{name}: {row[28..].Split(' ')[column]}");
            seen.Add($"{name}: {await StatusAsync(() => Call(name, node.Invoker, config))}");
        }
        Assert.Equal(expected, seen);
    }

    private static Task Call(string name, CallInvoker node, string config)
    {
        var (machine, token) = (new MachineService.MachineServiceClient(node), TestRack.Cancellation);
        return name switch
        {
            ['a', 'p', 'p', 'l', 'y', ' ', .. var how] => ApplyAsync(machine, how, config),
            "Version" => machine.VersionAsync(new Empty(), cancellationToken: token).ResponseAsync,
            "SystemStat" => machine.SystemStatAsync(new Empty(), cancellationToken: token).ResponseAsync,
            "ServiceList" => machine.ServiceListAsync(new Empty(), cancellationToken: token).ResponseAsync,
            "Events" => FirstAsync(machine.Events(new(), cancellationToken: token)),
            "Bootstrap" => machine.BootstrapAsync(new(), cancellationToken: token).ResponseAsync,
            "Kubeconfig" => FirstAsync(machine.Kubeconfig(new Empty(), cancellationToken: token)),
            "Reboot" => machine.RebootAsync(new(), cancellationToken: token).ResponseAsync,
            "Logs" => FirstAsync(machine.Logs(new() { Namespace = "system", Id = "machined", TailLines = -1 }, cancellationToken: token)),
            "Dmesg" => FirstAsync(machine.Dmesg(new(), cancellationToken: token)),
            "Shutdown" => machine.ShutdownAsync(new(), cancellationToken: token).ResponseAsync,
            // What follows is refused by whoever would do it: the table says what is let through, and the node stays as it is.
            "Reset" => machine.ResetAsync(
                new() { Mode = ResetRequest.Types.WipeMode.UserDisks, SystemPartitionsToWipe = { new ResetPartitionSpec() } }, cancellationToken: token).ResponseAsync,
            "ServiceRestart" => machine.ServiceRestartAsync(new() { Id = "nope" }, cancellationToken: token).ResponseAsync,
            "MetaWrite" => machine.MetaWriteAsync(new() { Key = 256 }, cancellationToken: token).ResponseAsync,
            "EtcdRemoveMemberByID" => machine.EtcdRemoveMemberByIDAsync(new() { MemberId = 1 }, cancellationToken: token).ResponseAsync,
            "EtcdSnapshot" => FirstAsync(machine.EtcdSnapshot(new(), cancellationToken: token)),
            "EtcdDefragment" => machine.EtcdDefragmentAsync(new Empty(), cancellationToken: token).ResponseAsync,
            "EtcdAlarmDisarm" => machine.EtcdAlarmDisarmAsync(new Empty(), cancellationToken: token).ResponseAsync,
            "Rollback" => machine.RollbackAsync(new(), cancellationToken: token).ResponseAsync,
            "Upgrade" => machine.UpgradeAsync(new() { Image = "no-tag" }, cancellationToken: token).ResponseAsync,
            "EtcdMemberList" => machine.EtcdMemberListAsync(new(), cancellationToken: token).ResponseAsync,
            "EtcdStatus" => machine.EtcdStatusAsync(new Empty(), cancellationToken: token).ResponseAsync,
            "EtcdAlarmList" => machine.EtcdAlarmListAsync(new Empty(), cancellationToken: token).ResponseAsync,
            "EtcdForfeitLeadership" => machine.EtcdForfeitLeadershipAsync(new(), cancellationToken: token).ResponseAsync,
            "LifecycleService.Upgrade" => FirstAsync(new LifecycleService.LifecycleServiceClient(node).Upgrade(new(), cancellationToken: token)),
            "ImageService.Pull" => FirstAsync(new ImageService.ImageServiceClient(node).Pull(new() { ImageRef = "no-tag" }, cancellationToken: token)),
            "StorageService.Disks" => new StorageService.StorageServiceClient(node).DisksAsync(new Empty(), cancellationToken: token).ResponseAsync,
            "MachineStatuses" => GetAsync(node, "runtime", "MachineStatuses.runtime.talos.dev", "machine"),
            "Disks" => GetAsync(node, "runtime", "Disks.block.talos.dev", "vda"),
            "SystemDisks" => GetAsync(node, "runtime", "SystemDisks.block.talos.dev", "system-disk"),
            "Versions" => GetAsync(node, "runtime", "Versions.runtime.talos.dev", "version"),
            "BootIDs" => GetAsync(node, "runtime", "BootIDs.runtime.talos.dev", "boot-id"),
            "MachineConfigs" => GetAsync(node, "config", "MachineConfigs.config.talos.dev", "v1alpha1"),
            "another namespace" => GetAsync(node, "elsewhere", "MachineStatuses.runtime.talos.dev", "machine"),
            _ => throw new ArgumentException($"There is no call '{name}'."),
        };
    }

    // Everything is a dry run: the tables say what is let through, and the node stays as it is.
    private static Task<ApplyConfigurationResponse> ApplyAsync(MachineService.MachineServiceClient machine, string how, string config)
    {
        var cold = config.Replace("machine:\n", "machine:\n  env: {A: b}\n", StringComparison.Ordinal);
        var (data, mode) = how switch
        {
            "auto" => (config, Mode.Auto),
            "reboot" => (config, Mode.Reboot),
            "no-reboot" => (config, Mode.NoReboot),
            "staged" => (config, Mode.Staged),
            "try" => (config, Mode.Try),
            "cold no-reboot" => (cold, Mode.NoReboot),
            "cold try" => (cold, Mode.Try),
            "unreadable" => ("machine: [", Mode.Auto),
            "unknown key" => (config.Replace("persist: true", "bogus: 1\npersist: true", StringComparison.Ordinal), Mode.Auto),
            "invalid" => (config.Replace("persist: true", "persist: false", StringComparison.Ordinal), Mode.Auto),
            _ => throw new ArgumentException($"There is no apply '{how}'."),
        };
        return machine.ApplyConfigurationAsync(
            new() { Data = ByteString.CopyFromUtf8(data), Mode = mode, DryRun = true }, cancellationToken: TestRack.Cancellation).ResponseAsync;
    }

    private static Task<GetResponse> GetAsync(CallInvoker node, string @namespace, string type, string id) => new State.StateClient(node)
        .GetAsync(new() { Namespace = @namespace, Type = type, Id = id }, cancellationToken: TestRack.Cancellation).ResponseAsync;

    private static Task<bool> FirstAsync<T>(AsyncServerStreamingCall<T> call) => call.ResponseStream.MoveNext(TestRack.Cancellation);

    private static async Task<string> StatusAsync(Func<Task> call)
    {
        try
        {
            await call();
            return "ok";
        }
        catch (RpcException exception)
        {
            return exception.StatusCode switch
            {
                StatusCode.Unimplemented => "Ui",
                StatusCode.PermissionDenied => "De",
                var other => other.ToString()[..2],
            };
        }
    }
}
