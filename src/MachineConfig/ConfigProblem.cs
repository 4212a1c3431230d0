namespace Cozy.Fleet.MachineConfig;

/// <summary>Why a node would refuse a config.</summary>
/// <param name="Line">Where, counted from 1.</param>
/// <param name="Sentence">One sentence that starts with the place. Without secrets.</param>
public sealed record ConfigProblem(long Line, ConfigPlace Place, string Sentence)
{
    public override string ToString() => $"line {Line}: {Sentence}";
}
