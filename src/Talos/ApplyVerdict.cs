using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using WireMode = Cozy.Fleet.Talos.Api.Machine.ApplyConfigurationRequest.Types.Mode;

namespace Cozy.Fleet.Talos;

/// <summary>When a config takes effect (talos.md 5.7). Which modes a node takes depends on its version and on maintenance mode.</summary>
public enum ApplyMode
{
    /// <summary>At once where it can; up to 1.13 with a reboot where it must.</summary>
    Auto,

    /// <summary>At once; up to 1.13 refused when something needs a reboot.</summary>
    NoReboot,

    /// <summary>Written down, active after the next boot.</summary>
    Staged,

    /// <summary>At once, and taken back after a time unless another apply that is no try comes first.</summary>
    Try,

    /// <summary>Written down, then the node reboots; refused from 1.14 on.</summary>
    Reboot,
}

/// <summary>How a config is applied.</summary>
public sealed record ApplyOptions
{
    public ApplyMode Mode { get; init; }

    /// <summary>The node checks and compares, and changes nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>How long a tried config stays; zero is the node's own minute.</summary>
    public TimeSpan TryTimeout { get; init; }

    internal ApplyConfigurationRequest Request(ReadOnlyMemory<byte> config) => new()
    {
        Data = ByteString.CopyFrom(config.Span),
        // The wire's zero value means "reboot" (talos.md 1.3), so each mode is said.
        Mode = Mode switch
        {
            ApplyMode.Auto => WireMode.Auto,
            ApplyMode.NoReboot => WireMode.NoReboot,
            ApplyMode.Staged => WireMode.Staged,
            ApplyMode.Try => WireMode.Try,
            _ => WireMode.Reboot,
        },
        DryRun = DryRun,
        TryModeTimeout = Mode == ApplyMode.Try && TryTimeout > TimeSpan.Zero ? Duration.FromTimeSpan(TryTimeout) : null,
    };
}

/// <summary>What a node says of a config.</summary>
/// <param name="Outcome">Whether it took it; a refusal has the node's words.</param>
/// <param name="Mode">The mode that the node chose; null where it does not tell (maintenance mode up to 1.12).</param>
/// <param name="Details">The node's text, verbatim; after a dry run with the differences, which may hold secrets.</param>
/// <param name="Warnings">What it accepts and warns of, verbatim.</param>
public sealed record ApplyVerdict(TalosResult Outcome, ApplyMode? Mode, string Details, IReadOnlyList<string> Warnings)
{
    internal static ApplyVerdict From(TalosResult result, ApplyConfiguration answer, bool inMaintenance)
    {
        // The small API of maintenance mode leaves the mode at its zero value; a reboot by mode there is not.
        var isTold = result.Failure == TalosFailure.None && !(inMaintenance && answer.Mode == WireMode.Reboot);
        ApplyMode? mode = !isTold ? null : answer.Mode switch
        {
            WireMode.Auto => ApplyMode.Auto,
            WireMode.NoReboot => ApplyMode.NoReboot,
            WireMode.Staged => ApplyMode.Staged,
            WireMode.Try => ApplyMode.Try,
            _ => ApplyMode.Reboot,
        };
        return new(result, mode, answer.ModeDetails, [.. answer.Warnings]);
    }
}
