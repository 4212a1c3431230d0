using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Generate.Generation;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Facts;

/// <summary>Answers as documents, for contracts from 1.12 on.</summary>
internal static class AnswerDocuments
{
    public static IEnumerable<YamlNode> Of(MachineAnswers answers)
    {
        if (answers.NameServers.Count > 0)
            yield return Document("ResolverConfig", ("nameservers", Addresses(answers.NameServers)));
        yield return Link(answers);
        if (answers.Addresses.Count == 0)
            yield return Document("DHCPv4Config", ("name", Text(answers.Link)));
        if (answers.SharedAddress != "")
            yield return Document("Layer2VIPConfig", ("name", Text(answers.SharedAddress)), ("link", Text(answers.Link)));
    }

    private static YamlMappingNode Link(MachineAnswers answers)
    {
        (string, YamlNode?)[] network =
        [
            ("addresses", answers.Addresses.Count == 0 ? null : Addresses(answers.Addresses)),
            // Without a destination it is the default route.
            ("routes", answers.Gateway == "" ? null : List([Map(("gateway", Text(answers.Gateway)))])),
        ];
        return answers.Bond is { } bond
            ? Document("BondConfig",
            [
                ("name", Text(answers.Link)), ("links", List(bond.Members)), ("bondMode", Text(bond.Mode)),
                .. AnswerFields.Tuning(bond), .. network,
            ])
            : Document("LinkConfig", [("name", Text(answers.Link)), .. network]);
    }

    private static YamlSequenceNode Addresses(IEnumerable<string> texts) => List(texts.Select(text => Map(("address", Text(text)))));
}
