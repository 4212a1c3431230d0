namespace Cozy.Fleet.MachineConfig;

/// <summary>Where something stands in a machine config.</summary>
/// <param name="Document">
/// Empty for the v1alpha1 document; else kind and name of the document, such as <c>VLANConfig eth0.5</c>, with its apiVersion in front when
/// that is another than v1alpha1.
/// </param>
/// <param name="Path">
/// Keys with dots between them; an element of a list by its number, or by the key by which Talos merges it:
/// <c>machine.network.interfaces[eth0].addresses[1]</c>. Keys that hold dots stand in brackets and quotes.
/// </param>
public readonly record struct ConfigPlace(string Document, string Path)
{
    public override string ToString() => Document == "" ? Path : Path == "" ? Document : $"{Document}: {Path}";
}
