using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Reads an entry of <c>reservations</c>: one sign that a machine is known by, and what it gets.</summary>
internal static class ReservationReader
{
    public static Reservation<TAddress>? Read<TAddress>(ConfigNode node, DhcpWords<TAddress> words)
    {
        var given = new[] { "mac", "uuid", words.Client, words.Circuit }.Where(sign => node.Text(sign) != "").ToArray();
        if (given.Length == 0)
            node.Required("mac");
        else if (given.Length > 1)
            node.Refuse(given[1], $"a machine is known by one sign; {given[0]} is given already");
        var (address, refusal) = words.Address(node.Text("address"));
        if (refusal is not null)
            node.Refuse("address", node.Has("address") ? $"'{node.Text("address")}' {refusal}" : "give the address to reserve");
        var found = new Reservation<TAddress>(MacOf(node), address, HostName(node))
        {
            Uuid = UuidOf(node),
            ClientIdentifier = node.Bytes(words.Client, words.ParseClient),
            CircuitId = node.Bytes(words.Circuit, Hexadecimal.OfText),
            Options = words.Options(node),
        };
        node.EndOfKeys();
        return refusal is null ? found : null;
    }

    private static string HostName(ConfigNode node)
    {
        var name = node.Text("hostname");
        if (name != "" && OptionReader.ParseName(name).Refusal is not null)
            node.Refuse("hostname", $"'{name}' is not a host name");
        return name;
    }

    private static MacAddress? MacOf(ConfigNode node)
    {
        var text = node.Text("mac");
        if (MacAddress.TryParse(text, out var mac))
            return mac;
        if (text != "")
            node.Refuse("mac", $"'{text}' is not a MAC address");
        return null;
    }

    private static MachineUuid? UuidOf(ConfigNode node)
    {
        var text = node.Text("uuid");
        if (MachineUuid.TryParse(text, out var uuid))
            return uuid;
        if (text != "")
            node.Refuse("uuid", $"'{text}' is not a UUID that tells machines apart");
        return null;
    }
}
