using System.Text;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Reads an entry of <c>dhcp.reservations</c>: one sign that a machine is known by, and what it gets.</summary>
internal static class ReservationReader
{
    private static readonly string[] Signs = ["mac", "uuid", "clientId", "circuitId"];

    public static Reservation? Read(ConfigNode node)
    {
        var address = node.Address("address");
        var given = Signs.Where(sign => node.Text(sign) != "").ToArray();
        if (given.Length == 0)
            node.Required("mac");
        else if (given.Length > 1)
            node.Refuse(given[1], $"a machine is known by one sign; {given[0]} is given already");
        if (address is null)
            node.Refuse("address", "give the address to reserve");
        var (mac, uuid) = (MacOf(node), UuidOf(node));
        var (client, circuit) = (Hex(node, "clientId"), Hex(node, "circuitId"));
        var hostName = node.Text("hostname");
        var options = OptionReader.Read(node);
        node.EndOfKeys();
        return address is null ? null : new(mac, Ipv4.ToNumber(address), hostName)
        {
            Uuid = uuid, ClientIdentifier = client, CircuitId = circuit, Options = options,
        };
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

    // Switches write a port as plain text or as bytes; 0x says which is meant.
    public static string Hex(ConfigNode node, string key)
    {
        var text = node.Text(key);
        if (!text.StartsWith("0x", StringComparison.Ordinal))
            return Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));
        var digits = text[2..].Replace(":", "", StringComparison.Ordinal);
        if (digits.Length > 0 && digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit))
            return digits.ToLowerInvariant();
        node.Refuse(key, $"'{text}' is not text, nor pairs of hexadecimal digits behind 0x");
        return "";
    }
}
