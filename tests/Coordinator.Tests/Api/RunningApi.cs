using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Domain.Agents;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using NodeTypes = Cozy.Fleet.Domain.Nodes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>A coordinator with its real grains and store, and an operator's clients. Tests of a class share it: names are their own.</summary>
public sealed class RunningApi : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;
    private GrpcChannel channel = null!;

    public V1.RackService.RackServiceClient Racks => new(channel);

    public V1.NodeService.NodeServiceClient Nodes => new(channel);

    public V1.ImageService.ImageServiceClient Images => new(channel);

    public V1.ClusterService.ClusterServiceClient Clusters => new(channel);

    public V1.RolloutService.RolloutServiceClient Rollouts => new(channel);

    public V1.EventService.EventServiceClient Events => new(channel);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        channel = coordinator.DialAsOperator();
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    public T Service<T>()
        where T : notnull => coordinator.Service<T>();

    /// <summary>A machine that was seen at its first DHCP packet.</summary>
    public async Task<INodeGrain> SeenAsync(string name, string rack = "r1", string mac = "")
    {
        var grain = Service<IGrainFactory>().GetGrain<INodeGrain>(name);
        await grain.Boot(rack, new BootReport(
            DateTimeOffset.UnixEpoch.AddDays(20_000), "", "session-1", BootStage.DhcpOffered, mac, "", "", "10.0.0.9",
            NodeTypes.Firmware.Uefi, NodeTypes.Architecture.Amd64, "", ""));
        return grain;
    }

    public async Task<V1.Image> ImageAsync(string name) =>
        (await Images.CreateImageAsync(new() { Image = Image(name) }, cancellationToken: Token)).Image;

    public static V1.Image Image(string name, string version = "v1.13.1") => new()
    {
        Metadata = new() { Name = name },
        Spec = new()
        {
            TalosVersion = version,
            Installer = $"ghcr.io/siderolabs/installer:{version}",
            Assets =
            {
                Asset(V1.AssetKind.Kernel, 'a'),
                Asset(V1.AssetKind.Initramfs, 'b'),
            },
        },
    };

    public static V1.BootAsset Asset(V1.AssetKind kind, char digit) => new()
    {
        Kind = kind, Architecture = V1.Architecture.Amd64, Url = $"https://images.example/{kind}", Sha256 = new(digit, 64),
    };

    /// <summary>The fields that a refusal names.</summary>
    public static async Task<(StatusCode Code, string[] Fields)> RefusalAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        var fields = refused.GetRpcStatus()?.GetDetail<BadRequest>()?.FieldViolations.Select(v => v.Field) ?? [];
        return (refused.StatusCode, [.. fields]);
    }

    public static async Task<T> NextAsync<T>(IAsyncStreamReader<T> stream)
    {
        Assert.True(await stream.MoveNext(Token));
        return stream.Current;
    }
}
