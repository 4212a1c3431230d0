namespace Cozy.Fleet.MachineConfig.Images;

/// <summary>What may stand at a place of a schematic.</summary>
internal abstract record Shape
{
    private Shape()
    {
    }

    public sealed record Text : Shape;

    public sealed record Flag : Shape;

    public sealed record Number(long Maximum) : Shape;

    public sealed record List(Shape Item) : Shape;

    /// <summary>Named fields, in the order in which they are written.</summary>
    public sealed record Fields(params (string Key, Shape Shape)[] Known) : Shape;

    /// <summary>Anything; how it is written is unverified.</summary>
    public sealed record Free : Shape;
}
