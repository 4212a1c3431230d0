using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>
/// The W3C trace contexts of a rollout's parts. Each follows from what is stored, so that a span begun before a restart and ended after
/// it is one span, and the agent's spans hang on it in between.
/// </summary>
public static class RolloutTrace
{
    /// <summary>The span of one node's turn; a second turn after a resume is another one.</summary>
    public static string Node(RolloutRecord rollout, RolloutNode node)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        ArgumentNullException.ThrowIfNull(node);
        return Child(rollout, $"{node.Node}/{node.Steps.Count(s => s.Kind == RolloutStepKind.Admit)}");
    }

    public static string Step(RolloutRecord rollout, RolloutNode node, RolloutStep step)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(step);
        return Child(rollout, string.Create(CultureInfo.InvariantCulture, $"{node.Node}/{step.Kind}/{step.StartTime.UtcTicks}"));
    }

    // traceparent: version-traceid-spanid-flags (W3C Trace Context 3.2).
    private static string Child(RolloutRecord rollout, string part)
    {
        if (rollout.Traceparent.Split('-') is not [var version, var trace, var root, var flags])
            return "";
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{root}/{part}"));
        return $"{version}-{trace}-{Convert.ToHexStringLower(digest.AsSpan(0, 8))}-{flags}";
    }
}
