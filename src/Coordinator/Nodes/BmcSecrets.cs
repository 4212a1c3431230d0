using System.Text;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Nodes;

/// <summary>Passwords of BMCs: sealed at rest, opened for one order or question and forgotten (design 3.9).</summary>
internal sealed class BmcSecrets(ISecretSeal seal)
{
    public Bmc Sealed(string node, Bmc bmc, string password) =>
        bmc with { SealedPassword = seal.Seal(bmc.Purpose(node), Encoding.UTF8.GetBytes(password)) };

    /// <summary>Null when no BMC is told.</summary>
    public OrderCredentials? For(NodeRecord node) => node.Spec.Bmc is not { } bmc ? null : new(null, null)
    {
        Bmc = new(bmc with { SealedPassword = "" },
            Encoding.UTF8.GetString(seal.Open(bmc.Purpose(node.Metadata.Name), bmc.SealedPassword))),
    };
}
