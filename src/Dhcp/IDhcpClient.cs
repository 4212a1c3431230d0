using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>What reservations and classes know a client by, in both versions of the protocol.</summary>
public interface IDhcpClient
{
    /// <summary>Its network card; null when nobody told.</summary>
    MacAddress? Mac { get; }

    /// <summary>The SMBIOS UUID, when it shows a real one.</summary>
    MachineUuid? Uuid { get; }

    /// <summary>Option 61 of DHCPv4, or the DUID.</summary>
    byte[]? ClientIdentifier { get; }

    /// <summary>The switch port that the relay heard it at: 82.1 of DHCPv4, or the interface id.</summary>
    byte[]? CircuitId { get; }

    /// <summary>What it can run (RFC 4578, RFC 5970), the preferred one first.</summary>
    IReadOnlyList<ushort> Architectures { get; }

    /// <summary>A vendor class of it begins so.</summary>
    bool HasVendorClass(string start);
}
