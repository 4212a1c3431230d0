using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>The rules of a rack that accept machines by themselves. A person's decision is never overruled.</summary>
internal static class AcceptanceRules
{
    public static NodeRecord Apply(NodeRecord node, NodeContext context)
    {
        if (node.Spec.Acceptance.State != AcceptanceState.Pending)
            return node;
        foreach (var rule in context.Rules)
        {
            // A rule that cannot be read was refused when the rack was written; here it accepts nothing.
            if (!Filter.TryParse(rule.Filter, out var filter, out _) || !filter.Matches(path => NodeFields.Values(node, path)))
                continue;
            var acceptance = new Acceptance(AcceptanceState.Accepted, $"rule {rule.Name} of rack {node.Rack}", context.Now);
            return node with { Spec = node.Spec with { Acceptance = acceptance } };
        }
        return node;
    }
}
