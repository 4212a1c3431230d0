using System.Net;
using System.Net.Sockets;
using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Facts;

/// <summary>Answers as fields of <c>machine</c>, for contracts up to 1.11.</summary>
internal static class AnswerFields
{
    public static IEnumerable<YamlNode> Of(MachineAnswers answers) =>
    [
        Map(("machine", Map(("network", Map(
            ("nameservers", ListOrNone(answers.NameServers)),
            ("interfaces", List([Link(answers)]))))))),
    ];

    private static YamlMappingNode Link(MachineAnswers answers) => Map(
        ("interface", Text(answers.Link)),
        ("bond", answers.Bond is { } bond ? Bond(bond) : null),
        ("dhcp", answers.Addresses.Count == 0 ? Bool(true) : null),
        ("addresses", ListOrNone(answers.Addresses)),
        ("routes", answers.Gateway == "" ? null : List([DefaultRoute(answers.Gateway)])),
        ("vip", answers.SharedAddress == "" ? null : Map(("ip", Text(answers.SharedAddress)))));

    private static YamlMappingNode Bond(BondSettings bond) => Map(
        [("interfaces", List(bond.Members)), ("mode", Text(bond.Mode)), .. Tuning(bond)]);

    /// <summary>The keys that bonds have in fields and in documents alike; what the kernel chooses itself is left out.</summary>
    public static IEnumerable<(string, YamlNode?)> Tuning(BondSettings bond) =>
    [
        ("lacpRate", TextOrNone(bond.LacpRate)),
        ("xmitHashPolicy", TextOrNone(bond.TransmitHashPolicy)),
        ("miimon", NumberOrNone(bond.Miimon)),
        ("updelay", NumberOrNone(bond.Updelay)),
        ("downdelay", NumberOrNone(bond.Downdelay)),
    ];

    private static YamlMappingNode DefaultRoute(string gateway) => Map(
        ("network", Text(IPAddress.Parse(gateway).AddressFamily == AddressFamily.InterNetworkV6 ? "::/0" : "0.0.0.0/0")),
        ("gateway", Text(gateway)));

    private static YamlNode? NumberOrNone(int value) => value == 0 ? null : Number(value);
}
