using System.Net;
using System.Text.RegularExpressions;
using Cozy.Fleet.MachineConfig.Validation;

namespace Cozy.Fleet.MachineConfig.Facts;

/// <summary>Which answers make a machine that can be reached.</summary>
internal static partial class AnswerRules
{
    public static IEnumerable<string> Problems(MachineAnswers answers) =>
        Machine(answers).Concat(Network(answers)).Concat(answers.Bond is { } bond ? Bond(bond) : []);

    private static IEnumerable<string> Machine(MachineAnswers answers)
    {
        if (!Hostname().IsMatch(answers.Hostname))
            yield return $"The hostname '{answers.Hostname}' is not made of lower-case letters, digits and '-', at most 63 between dots.";
        if (!answers.InstallDisk.StartsWith("/dev/", StringComparison.Ordinal))
            yield return $"The install disk '{answers.InstallDisk}' is no device path such as /dev/nvme0n1.";
        if (answers.Link == "")
            yield return "No link is named for the addresses.";
    }

    private static IEnumerable<string> Network(MachineAnswers answers)
    {
        foreach (var address in answers.Addresses.Where(a => !IPNetworkText.IsOne(a)))
            yield return $"The address '{address}' has no length of its network, such as 10.0.0.11/24.";
        foreach (var server in answers.NameServers.Where(s => !IPAddress.TryParse(s, out _)))
            yield return $"The name server '{server}' is no address.";
        if (answers.Gateway != "" && !IsInside(answers.Gateway, answers))
            yield return $"The gateway '{answers.Gateway}' is in none of the networks of {Listed(answers)}.";
        if (answers.SharedAddress == "")
            yield break;
        if (answers.Type != MachineType.ControlPlane)
            yield return "A shared address is for control planes only.";
        if (!IsInside(answers.SharedAddress, answers))
            yield return $"The shared address '{answers.SharedAddress}' is in none of the networks of {Listed(answers)}.";
        if (answers.Addresses.Any(a => a.Split('/')[0] == answers.SharedAddress))
            yield return $"The shared address {answers.SharedAddress} is this machine's own.";
    }

    private static IEnumerable<string> Bond(BondSettings bond)
    {
        if (bond.Members.Count == 0)
            yield return "The bond has no members.";
        if (!BondSettings.Modes.Contains(bond.Mode))
            yield return $"The bond's mode '{bond.Mode}' is none of {string.Join(", ", BondSettings.Modes)}.";
        if (bond.LacpRate != "" && bond.Mode != "802.3ad")
            yield return "The LACP rate is for the bond's mode 802.3ad only.";
        if (new[] { bond.Updelay, bond.Downdelay }.Any(delay => delay != 0 && (bond.Miimon == 0 || delay % bond.Miimon != 0)))
            yield return $"The bond's delays {bond.Updelay} and {bond.Downdelay} are no multiples of its miimon {bond.Miimon}.";
    }

    // Addresses that came by DHCP are not known here.
    private static bool IsInside(string address, MachineAnswers answers) => IPAddress.TryParse(address, out var ip)
        && (answers.Addresses.Count == 0 || answers.Addresses.Any(a => IPNetworkText.IsOne(a) && IPNetworkText.Contains(a, ip)));

    private static string Listed(MachineAnswers answers) => string.Join(", ", answers.Addresses);

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$")]
    private static partial Regex Hostname();
}
