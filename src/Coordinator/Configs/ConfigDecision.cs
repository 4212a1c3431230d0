using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.MachineConfig;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>What a person allows for a change of a running node's config.</summary>
internal enum ConfigWish
{
    /// <summary>Only what the node takes up while it runs.</summary>
    Live,

    /// <summary>A reboot, when something needs one.</summary>
    Reboot,

    /// <summary>Nothing before the node's next boot.</summary>
    Staged,
}

/// <summary>How a pending config gets to the node that runs another one (talos.md 5.7).</summary>
internal static class ConfigDecision
{
    /// <param name="tries">What touches the network is tried first.</param>
    public static Answer<OrderAction.ChangeConfiguration> Of(ComparedConfig compared, string digest, ConfigWish wish, bool tries)
    {
        var verdict = compared.Verdict;
        var tried = tries ? verdict.Network : null;
        return (wish, verdict.Reboot) switch
        {
            _ when verdict.Effect == ChangeEffect.None => No("it runs the config that it should have."),
            (ConfigWish.Staged, _) => new OrderAction.ChangeConfiguration(digest, ConfigApply.Staged),
            (ConfigWish.Live, { } reboot) => No($"{reboot} works only after a reboot: allow one, or have the config staged for the next boot."),
            (_, { } reboot) when tried is { } network => No(
                $"{network} can cut the node off and is to be tried first, which {reboot} rules out, because it works only after a reboot: "
                + "change one after the other, or do without the trial."),
            (_, not null) => new OrderAction.ChangeConfiguration(digest, ConfigApply.Reboot),
            _ => new OrderAction.ChangeConfiguration(digest, tried is null ? ConfigApply.Live : ConfigApply.Trial),
        };
    }

    private static Refusal No(string message) => new(RefusalKind.FailedPrecondition, message);
}
