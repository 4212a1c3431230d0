using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Config;

/// <summary>What differs between the options of DHCPv4 and those of DHCPv6.</summary>
/// <param name="Last">The highest number.</param>
/// <param name="MaximumLength">What one option may hold.</param>
/// <param name="Address">The bytes of an address, or what is wrong with the text.</param>
/// <param name="Prohibition">Why nobody sets an option of this number; null for those that may be set.</param>
internal sealed record OptionDialect(
    int Last, int MaximumLength, Func<string, (byte[] Bytes, string? Refusal)> Address, Func<int, string?> Prohibition)
{
    // What the server writes by itself would stand there twice, or would be a lie.
    private const string NotYours = "is written by the server itself, or by clients only";

    // A datagram has no room for more beside what the server says (Dhcp6Reply).
    private const int LongestOfV6 = 1000;

    public static OptionDialect V4 { get; } = new(DhcpOption.End - 1, OptionFormat.MaximumLength,
        text => OptionReader.ParseAddress(text) is var (address, refusal) ? (OptionFormat.Addresses([address]), refusal) : default,
        ProhibitionOfV4);

    public static OptionDialect V6 { get; } = new(ushort.MaxValue, LongestOfV6,
        text => Option6Reader.ParseAddress(text) is var (address, refusal) ? (Dhcp6Format.Addresses([address]), refusal) : default,
        ProhibitionOfV6);

    private static string? ProhibitionOfV4(int code) => code switch
    {
        DhcpOption.SubnetMask => "follows from the subnet's network",
        DhcpOption.HostName => "is the key hostname of a reservation",
        DhcpOption.LeaseTime or DhcpOption.RenewalTime or DhcpOption.RebindingTime => "follows from the subnet's leaseTime",
        DhcpOption.RequestedAddress or DhcpOption.Overload or DhcpOption.MessageType or DhcpOption.ServerIdentifier
            or DhcpOption.ParameterRequestList or DhcpOption.Message or DhcpOption.MaximumSize or DhcpOption.VendorClass
            or DhcpOption.ClientIdentifier or DhcpOption.BootFileName or DhcpOption.UserClass or DhcpOption.RelayAgentInformation
            or DhcpOption.ClientArchitecture or DhcpOption.ClientNdi or DhcpOption.ClientMachineId
            or DhcpOption.SubnetSelection => NotYours,
        _ => null,
    };

    private static string? ProhibitionOfV6(int code) => (Dhcp6Option)code switch
    {
        Dhcp6Option.FullName => "is the key hostname of a reservation",
        <= Dhcp6Option.VendorClass or Dhcp6Option.InterfaceId or Dhcp6Option.ReconfigureMessage or Dhcp6Option.ReconfigureAccept
            or Dhcp6Option.DelegatedPrefix or Dhcp6Option.PrefixAddress or Dhcp6Option.BootFileUrl or Dhcp6Option.ClientArchitecture
            or Dhcp6Option.ClientInterface or Dhcp6Option.LinkLayerAddress => NotYours,
        _ => null,
    };
}
