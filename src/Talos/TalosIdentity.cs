namespace Cozy.Fleet.Talos;

/// <summary>A client certificate for the machine API, and the CA that the node's own certificate must come from. PEM.</summary>
public sealed record TalosIdentity(string Ca, string Certificate, string Key)
{
    /// <summary>Hides the key from log lines.</summary>
    public override string ToString() => "TalosIdentity";
}
