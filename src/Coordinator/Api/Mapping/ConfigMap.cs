using Cozy.Fleet.Coordinator.Configs;
using Cozy.Fleet.MachineConfig;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class ConfigMap
{
    public static V1.GetMachineConfigResponse ToProto(this EffectiveConfig config)
    {
        var proto = new V1.GetMachineConfigResponse { Config = Redaction.Of(config.Text) };
        proto.Leaves.Add(config.Leaves.Select(leaf => ToProto(leaf, false)));
        proto.Leaves.Add(config.Removed.Select(leaf => ToProto(leaf, true)));
        return proto;
    }

    public static V1.ConfigComparison ToProto(this ComparedConfig compared)
    {
        var proto = new V1.ConfigComparison
        {
            Effect = EnumMap<ChangeEffect, V1.ConfigEffect>.Of(compared.Verdict.Effect),
            Reason = compared.Verdict.Reason,
            Network = compared.Verdict.Network?.ToString() ?? "",
            NodeVerdict = compared.Node?.Details ?? "",
            ApplyTime = compared.ApplyTime.ToProto(),
        };
        proto.Drift.Add(compared.Drift.Changes.Select(ToProto));
        proto.Pending.Add(compared.Pending.Changes.Select(ToProto));
        proto.NodeWarnings.Add(compared.Node?.Warnings ?? []);
        return proto;
    }

    private static V1.ConfigLeaf ToProto(ExplainedLeaf leaf, bool removed)
    {
        var proto = new V1.ConfigLeaf
        {
            Document = leaf.Place.Document, Path = leaf.Place.Path, Value = leaf.Word.Value, Layer = leaf.Word.Layer, Removed = removed,
        };
        proto.Overridden.Add(leaf.Overridden.Select(word => new V1.ConfigLayerValue { Layer = word.Layer, Value = word.Value }));
        return proto;
    }

    private static V1.ConfigChange ToProto(ConfigChange change)
    {
        var proto = new V1.ConfigChange { Document = change.Place.Document, Path = change.Place.Path };
        if (change.Before is not null)
            proto.Before = change.Before;
        if (change.After is not null)
            proto.After = change.After;
        return proto;
    }
}
