namespace Cozy.Fleet.Dhcp.V6;

/// <summary>RFC 8415 7.3.</summary>
public enum Dhcp6MessageType : byte
{
    None = 0,
    Solicit = 1,
    Advertise = 2,
    Request = 3,
    Confirm = 4,
    Renew = 5,
    Rebind = 6,
    Reply = 7,
    Release = 8,
    Decline = 9,
    InformationRequest = 11,
    RelayForward = 12,
    RelayReply = 13,
}

/// <summary>RFC 8415 21; 23 and 24 RFC 3646, 39 RFC 4704, 56 RFC 5908, 59 to 62 RFC 5970, 79 RFC 6939.</summary>
public enum Dhcp6Option : ushort
{
    ClientId = 1,
    ServerId = 2,
    NonTemporary = 3,
    Temporary = 4,
    Address = 5,
    OptionRequest = 6,
    Preference = 7,
    ElapsedTime = 8,
    RelayMessage = 9,
    Authentication = 11,
    Unicast = 12,
    Status = 13,
    RapidCommit = 14,
    UserClass = 15,
    VendorClass = 16,
    InterfaceId = 18,
    ReconfigureMessage = 19,
    ReconfigureAccept = 20,
    NameServers = 23,
    SearchList = 24,
    DelegatedPrefix = 25,
    PrefixAddress = 26,
    FullName = 39,
    NtpServers = 56,
    BootFileUrl = 59,
    ClientArchitecture = 61,
    ClientInterface = 62,
    LinkLayerAddress = 79,
}

/// <summary>RFC 8415 21.13.</summary>
public enum Dhcp6Status : ushort
{
    Success = 0,
    NoAddressesAvailable = 2,
    NoBinding = 3,
    NotOnLink = 4,
}
