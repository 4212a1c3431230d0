namespace Cozy.Fleet.Primitives;

/// <summary>
/// An SMBIOS system UUID, when it is one that tells machines apart. Vendors ship boards with all zeros, all ones, or one
/// value for a whole series (netboot.md 19); those are refused, so that no decision rests on them.
/// </summary>
public readonly record struct MachineUuid
{
    // The one that American Megatrends boards carry when the vendor wrote none.
    private static readonly Guid VendorDefault = new("03000200-0400-0500-0006-000700080009");

    private readonly Guid value;

    private MachineUuid(Guid value) => this.value = value;

    /// <summary>Reads the canonical text, in either case.</summary>
    public static bool TryParse(string? text, out MachineUuid uuid) =>
        Accept(Guid.TryParseExact(text?.Trim(), "D", out var guid) ? guid : Guid.Empty, out uuid);

    /// <summary>
    /// Reads 16 bytes as SMBIOS 2.6 stores them and DHCP option 97 carries them: the first three fields little-endian.
    /// </summary>
    public static bool TryFromSmbios(ReadOnlySpan<byte> bytes, out MachineUuid uuid) =>
        Accept(bytes.Length == 16 ? new Guid(bytes) : Guid.Empty, out uuid);

    /// <summary>Writes the 16 bytes in the order of SMBIOS 2.6 and DHCP option 97.</summary>
    public void WriteSmbios(Span<byte> destination) => value.TryWriteBytes(destination);

    /// <summary>
    /// The same UUID as a firmware older than SMBIOS 2.6 stores it (all fields big-endian): one machine, two texts.
    /// </summary>
    public MachineUuid Swapped => new(new Guid(value.ToByteArray(), bigEndian: true));

    /// <summary>Lower-case canonical text.</summary>
    public override string ToString() => value.ToString("D");

    private static bool Accept(Guid guid, out MachineUuid uuid)
    {
        var real = guid != Guid.Empty && guid != Guid.AllBitsSet && guid != VendorDefault;
        uuid = real ? new(guid) : default;
        return real;
    }
}
