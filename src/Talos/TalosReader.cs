using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Talos;

/// <summary>
/// Looks at a node with what every version answers; the differences between versions are here (talos.md 2.2, 3.2). Failures of
/// the connection come out as <see cref="RpcException"/>.
/// </summary>
public sealed class TalosReader(TalosConnection connection, CancellationToken cancellation)
{
    private static readonly string[] Stages =
        ["unknown", "booting", "installing", "maintenance", "running", "rebooting", "shutting down", "resetting", "upgrading"];

    private readonly CosiReader cosi = new(connection.Invoker, cancellation);
    private readonly MachineService.MachineServiceClient machine = new(connection.Invoker);

    /// <summary>Stage, readiness, version, boot: what changes.</summary>
    public async Task<TalosView> ViewAsync()
    {
        var status = await cosi.GetAsync("runtime", "MachineStatuses.runtime.talos.dev", "machine");
        var schematic = (await cosi.ListAsync("runtime", "ExtensionStatuses.runtime.talos.dev"))
            .Find(extension => extension.Text("metadata", "name") == "schematic");
        return new()
        {
            Stage = Math.Max(0, Array.IndexOf(Stages, status?.Text("stage") ?? "")),
            Ready = status?.Flag("status", "ready") ?? false,
            UnmetConditions = status is null ? [] : Unmet(status),
            Version = await VersionAsync(),
            SchematicId = schematic?.Text("metadata", "version") ?? "",
            BootId = await BootIdAsync(),
            FallbackPending = await cosi.GetAsync("runtime", "MetaKeys.runtime.talos.dev", "0x06") is not null,
            SystemDisk = await new FactReader(cosi, connection, cancellation).SystemDiskAsync(),
        };
    }

    /// <summary>The bytes of the active machine config, secrets included.</summary>
    /// <exception cref="RpcException">
    /// NotFound: the node has no config. PermissionDenied: the resource is sensitive, only os:admin reads it (talos.md 2.1).
    /// </exception>
    public async Task<byte[]> ConfigAsync()
    {
        // The YAML form of this resource changed with 1.12; its bytes are the same everywhere (talos.md 2.2).
        var spec = await cosi.BytesAsync("config", "MachineConfigs.config.talos.dev", "v1alpha1");
        return Api.Config.MachineConfigSpec.Parser.ParseFrom(spec).YamlMarshalled.ToByteArray();
    }

    /// <summary>What the machine is made of; the resources answer in maintenance mode too.</summary>
    public Task<TalosFacts> FactsAsync() => new FactReader(cosi, connection, cancellation).ReadAsync();

    /// <summary>etcd as this control plane sees it.</summary>
    public async Task<TalosEtcd> EtcdAsync()
    {
        var members = await machine.EtcdMemberListAsync(new(), cancellationToken: cancellation);
        var status = (await machine.EtcdStatusAsync(new Empty(), cancellationToken: cancellation)).Messages[0].MemberStatus;
        var alarms = await machine.EtcdAlarmListAsync(new Empty(), cancellationToken: cancellation);
        return new(
            status.MemberId, status.Leader, status.RaftIndex, status.RaftAppliedIndex, status.RaftTerm, status.IsLearner, status.DbSize,
            [.. status.Errors],
            [.. members.Messages[0].Members.Select(m => (m.Id, m.Hostname, m.IsLearner))],
            [.. alarms.Messages.SelectMany(a => a.MemberAlarms)
                .Where(a => a.Alarm != EtcdMemberAlarm.Types.AlarmType.None)
                .Select(a => $"{a.Alarm} on {a.MemberId:x}")]);
    }

    /// <summary>The services of the node, in Talos' words.</summary>
    public async Task<IReadOnlyList<TalosService>> ServicesAsync()
    {
        try
        {
            var answer = await machine.ServiceListAsync(new Empty(), cancellationToken: cancellation);
            return [.. answer.Messages[0].Services.Select(s => new TalosService(
                s.Id, s.State, s.Health is null or { Unknown: true } ? null : s.Health.Healthy, s.Health?.LastMessage ?? ""))];
        }
        catch (RpcException refusal)
        {
            throw TalosCall.ServiceList.Explained(refusal, connection.Roles);
        }
    }

    /// <summary>All resources of a type as YAML documents; empty where there are none, or where the release does not know the type.</summary>
    public async Task<string> YamlAsync(string @namespace, string type)
    {
        var yaml = new System.Text.StringBuilder();
        try
        {
            using var call = new Api.Cosi.State.StateClient(connection.Invoker).List(
                new() { Namespace = @namespace, Type = type }, cancellationToken: cancellation);
            await foreach (var answer in call.ResponseStream.ReadAllAsync(cancellation))
                yaml.Append("# ").Append(answer.Resource.Metadata.Id).Append("\n---\n").Append(answer.Resource.Spec.YamlSpec.TrimEnd('\n')).Append('\n');
        }
        catch (RpcException refusal) when (refusal.StatusCode is StatusCode.PermissionDenied or StatusCode.NotFound or StatusCode.Unimplemented)
        {
            return "";
        }
        return yaml.ToString();
    }

    /// <summary>Talos' version; empty where maintenance mode does not tell it.</summary>
    public async Task<string> VersionAsync()
    {
        try
        {
            var answer = await machine.VersionAsync(new Empty(), cancellationToken: cancellation);
            return answer.Messages[0].Version_.Tag;
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.Unimplemented or StatusCode.PermissionDenied)
        {
            // Maintenance mode up to 1.12 has no Version call; from 1.10 the resource tells (talos.md 3.2).
            return (await cosi.GetAsync("runtime", "Versions.runtime.talos.dev", "version"))?.Text("version") ?? "";
        }
    }

    private async Task<string> BootIdAsync()
    {
        if (await cosi.GetAsync("runtime", "BootIDs.runtime.talos.dev", "boot-id") is { } bootId)
            return bootId.Text("bootId");
        try
        {
            var stat = await machine.SystemStatAsync(new Empty(), cancellationToken: cancellation);
            return $"booted-{stat.Messages[0].BootTime}";
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.Unimplemented or StatusCode.PermissionDenied)
        {
            return ""; // Maintenance mode up to 1.12 does not tell.
        }
    }

    private static IReadOnlyList<(string, string)> Unmet(CosiResource status)
    {
        var conditions = status.Spec is YamlMappingNode spec
            && spec.Children.TryGetValue(new YamlScalarNode("status"), out var inner) && inner is YamlMappingNode map
            && map.Children.TryGetValue(new YamlScalarNode("unmetConditions"), out var list) ? list as YamlSequenceNode : null;
        return conditions is null ? [] : [.. conditions.Select(c => new CosiResource("", c)).Select(c => (c.Text("name"), c.Text("reason")))];
    }
}
