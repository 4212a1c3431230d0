using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Config;

/// <summary>How reservations and classes of one version of the protocol are written.</summary>
internal sealed record DhcpWords<TAddress>(Func<string, (TAddress Value, string? Refusal)> Address, Func<ConfigNode, OptionSet> Options)
{
    /// <summary>The key of what the client calls itself.</summary>
    public required string Client { get; init; }

    /// <summary>The hexadecimal digits of what stands there.</summary>
    public required Func<string, (string Hex, string? Refusal)> ParseClient { get; init; }

    /// <summary>The key of the switch port that the relay names.</summary>
    public required string Circuit { get; init; }
}

/// <summary>The words of both versions.</summary>
internal static class DhcpWords
{
    public static DhcpWords<uint> V4 { get; } = new(OptionReader.ParseAddress, OptionReader.Read)
    {
        Client = "clientId", ParseClient = Hexadecimal.OfText, Circuit = "circuitId",
    };

    public static DhcpWords<UInt128> V6 { get; } = new(Option6Reader.ParseAddress, Option6Reader.Read)
    {
        Client = "duid", ParseClient = Hexadecimal.OfBytes, Circuit = "interfaceId",
    };
}
