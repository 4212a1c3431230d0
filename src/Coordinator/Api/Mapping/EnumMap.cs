using System.Collections.Frozen;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

/// <summary>Maps enums by the names of their members: both sides are written in the same words, only "not known" has two.</summary>
internal static class EnumMap<TFrom, TTo>
    where TFrom : struct, Enum
    where TTo : struct, Enum
{
    private const string ProtoZero = "Unspecified";
    private const string DomainZero = "Unknown";

    private static readonly FrozenDictionary<TFrom, TTo> Values =
        Enum.GetValues<TFrom>().Distinct().ToFrozenDictionary(from => from, Find);

    /// <summary>The member of the same name. A number that a newer client made up is "not known".</summary>
    public static TTo Of(TFrom value) => Values.TryGetValue(value, out var to) ? to : default;

    private static TTo Find(TFrom from)
    {
        var name = from.ToString();
        if (Enum.TryParse<TTo>(name, out var same))
            return same;
        if (name is ProtoZero or DomainZero)
            return Enum.TryParse<TTo>(name == ProtoZero ? DomainZero : ProtoZero, out var zero) ? zero : default;
        throw new InvalidOperationException($"{typeof(TTo).FullName} has no member for {typeof(TFrom).FullName}.{name}.");
    }
}
