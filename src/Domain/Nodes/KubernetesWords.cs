using Cozy.Fleet.Domain.Agents;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>Why a node is not Ready in Kubernetes, as a person reads it.</summary>
internal static class KubernetesWords
{
    public static string Of(KubernetesObservation? kubernetes) => kubernetes switch
    {
        null => "not observed",
        { Reachable: false } => $"the API server does not answer: {kubernetes.Error}",
        { NodeFound: false } => "Kubernetes has no Node of this name",
        _ => $"Ready is not True{(kubernetes.Unschedulable ? ", and it is cordoned" : "")}",
    };
}
