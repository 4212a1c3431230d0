using Cozy.Fleet.MachineConfig.Facts;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>The patch for one machine that the answers ask for: its network.</summary>
public static class MachinePatch
{
    /// <summary>
    /// A patch for configs of a version contract: fields of the v1alpha1 document up to 1.11, documents of their own from 1.12 on. It holds
    /// nothing that the coordinator sets itself: the machine's type, hostname and install disk, the endpoint and the installer's image are
    /// not in it.
    /// </summary>
    /// <exception cref="ArgumentException">There are <see cref="Problems"/>.</exception>
    public static string Of(MachineAnswers answers, SemanticVersion contract)
    {
        if (Problems(answers) is { Count: > 0 } problems)
            throw new ArgumentException(problems[0], nameof(answers));
        return Yaml.Write(contract.IsAtLeast(1, 12) ? AnswerDocuments.Of(answers) : AnswerFields.Of(answers));
    }

    /// <summary>Why the answers make no machine, a sentence each; empty when they do.</summary>
    public static EquatableArray<string> Problems(MachineAnswers answers) => [.. AnswerRules.Problems(answers)];
}
