using Orleans.Serialization.Cloning;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>The types that grains exchange as JSON: the fleet's own records.</summary>
internal static class RecordTypes
{
    public static bool Contains(Type type) =>
        type.Namespace is { } space
        && (space == "Cozy.Fleet" || space.StartsWith("Cozy.Fleet.", StringComparison.Ordinal))
        // Generated messages stay at the edge: as JSON they would lose fields in silence.
        && !space.StartsWith("Cozy.Fleet.Contracts", StringComparison.Ordinal)
        && !typeof(Exception).IsAssignableFrom(type)
        && !typeof(Orleans.Runtime.IAddressable).IsAssignableFrom(type);
}

/// <summary>Records are immutable: within the process, grains hand them over as they are.</summary>
internal sealed class RecordCopier : IGeneralizedCopier
{
    public bool IsSupportedType(Type type) => RecordTypes.Contains(type);

    public object? DeepCopy(object? input, CopyContext context) => input;
}
