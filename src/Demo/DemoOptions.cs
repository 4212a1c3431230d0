using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Demo;

/// <summary>A part of the fleet that can be killed in the middle of the rollout.</summary>
internal enum Part
{
    None,
    Coordinator,
    Agent,
}

/// <summary>What was asked for on the command line.</summary>
internal sealed record DemoOptions(int Nodes, SemanticVersion From, SemanticVersion To, string Directory)
{
    /// <summary>What is installed, one after the other; the last is <see cref="To"/>.</summary>
    public IReadOnlyList<SemanticVersion> Stops => UpgradeWalk.Between(From, To);

    /// <summary>Machines that stand in the rack and are switched off.</summary>
    public int Spares { get; init; }

    public bool Json { get; init; }

    public bool Keep { get; init; }

    public Fault Fault { get; init; }

    public Part Kill { get; init; }

    public double Speed { get; init; } = 20;

    public int Seed { get; init; } = 1;

    /// <summary>Three control planes where there are machines for them: one is no quorum to watch, two are worse than one.</summary>
    public int ControlPlanes => Nodes >= 3 ? 3 : 1;

    public int Workers => Nodes - ControlPlanes;

    /// <summary>The newest that the first Talos version runs: 1.36 for Talos 1.13, and one further each minor (talos.md 6.5).</summary>
    public string KubernetesVersion => $"v1.{From.Minor + 23}.0";
}
