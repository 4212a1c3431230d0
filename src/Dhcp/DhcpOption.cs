namespace Cozy.Fleet.Dhcp;

/// <summary>The options that we read or write (RFC 2132, 3004, 3046, 3397, 3442, 4578; netboot.md 4).</summary>
public static class DhcpOption
{
    public const byte Pad = 0;
    public const byte SubnetMask = 1;
    public const byte TimeOffset = 2;
    public const byte Routers = 3;
    public const byte DnsServers = 6;
    public const byte HostName = 12;
    public const byte DomainName = 15;
    public const byte InterfaceMtu = 26;
    public const byte NtpServers = 42;
    public const byte VendorSpecific = 43;
    public const byte RequestedAddress = 50;
    public const byte LeaseTime = 51;
    public const byte Overload = 52;
    public const byte MessageType = 53;
    public const byte ServerIdentifier = 54;
    public const byte ParameterRequestList = 55;
    public const byte Message = 56;
    public const byte MaximumSize = 57;
    public const byte RenewalTime = 58;
    public const byte RebindingTime = 59;
    public const byte VendorClass = 60;
    public const byte ClientIdentifier = 61;
    public const byte TftpServerName = 66;
    public const byte BootFileName = 67;
    public const byte UserClass = 77;
    public const byte RelayAgentInformation = 82;
    public const byte ClientArchitecture = 93;
    public const byte ClientNdi = 94;
    public const byte ClientMachineId = 97;
    public const byte SubnetSelection = 118;
    public const byte DomainSearch = 119;
    public const byte ClasslessRoutes = 121;
    public const byte Ipxe = 175;
    public const byte MicrosoftClasslessRoutes = 249;
    public const byte End = 255;
}

/// <summary>Option 53 (RFC 2132 9.6).</summary>
public enum DhcpMessageType : byte
{
    None = 0,
    Discover = 1,
    Offer = 2,
    Request = 3,
    Decline = 4,
    Ack = 5,
    Nak = 6,
    Release = 7,
    Inform = 8,
}
