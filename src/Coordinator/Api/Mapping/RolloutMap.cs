using Cozy.Fleet.Domain.Rollouts;
using Cozy.Fleet.Primitives;
using Google.Protobuf.WellKnownTypes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class RolloutMap
{
    public static V1.RolloutSpec ToProto(this RolloutSpec spec)
    {
        var proto = new V1.RolloutSpec
        {
            Cluster = spec.Cluster,
            TalosUpgrade = new() { Image = spec.Image },
            Strategy = new()
            {
                Soak = spec.Strategy.Soak.ToDuration(),
                BootTimeout = spec.Strategy.BootTimeout.ToDuration(),
                GateTimeout = spec.Strategy.GateTimeout.ToDuration(),
                DrainTimeout = spec.Strategy.DrainTimeout.ToDuration(),
                AllowControlPlaneDowntime = spec.Strategy.AllowControlPlaneDowntime,
            },
        };
        proto.Nodes.Add(spec.Nodes);
        return proto;
    }

    public static RolloutSpec ToRecord(this V1.RolloutSpec? spec) => new(
        spec?.Cluster ?? "", spec?.TalosUpgrade?.Image ?? "", (spec?.Nodes ?? []).ToEquatableArray(), ToRecord(spec?.Strategy));

    private static RolloutStrategy ToRecord(V1.RolloutStrategy? asked)
    {
        var usual = RolloutStrategy.Default;
        return new(
            Or(asked?.Soak, usual.Soak), Or(asked?.BootTimeout, usual.BootTimeout), Or(asked?.GateTimeout, usual.GateTimeout),
            Or(asked?.DrainTimeout, usual.DrainTimeout), asked?.AllowControlPlaneDowntime ?? usual.AllowControlPlaneDowntime);
    }

    private static TimeSpan Or(Duration? asked, TimeSpan usual) =>
        asked?.ToTimeSpan() is { } time && time != TimeSpan.Zero ? time : usual;
}
