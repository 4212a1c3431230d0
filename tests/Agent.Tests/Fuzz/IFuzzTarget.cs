namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>Something that strangers send to, with good input to start from.</summary>
internal interface IFuzzTarget
{
    string Name { get; }

    IReadOnlyList<byte[]> Samples { get; }

    /// <summary>Throws when it did what it must not do.</summary>
    void Run(byte[] input);
}

/// <summary>What must hold for any input did not.</summary>
internal sealed class FuzzFailure(string what) : Exception(what)
{
    public static void Unless(bool holds, string what)
    {
        if (!holds)
            throw new FuzzFailure(what);
    }
}
