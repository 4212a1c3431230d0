using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>The config that a member should have: generated from the cluster's spec and secrets, then patched layer by layer.</summary>
internal sealed class MemberConfigs(ClusterSecrets secrets, IRecordStore store)
{
    /// <returns>
    /// Refused when a patch does not apply to what is below it, or when the node would refuse the whole: that is only seen here.
    /// </returns>
    public async Task<Answer<EffectiveConfig>> OfAsync(ConfigSubject subject, CancellationToken cancellation)
    {
        var rack = await store.ReadAsync<RackRecord>(RecordKind.Racks, subject.Node.Rack, cancellation);
        var patches = await store.ReadAllAsync<FleetPatchRecord>(RecordKind.FleetPatches, cancellation);
        return Of(subject with { Rack = rack, FleetPatches = patches.ToEquatableArray() });
    }

    private Answer<EffectiveConfig> Of(ConfigSubject subject)
    {
        var (member, node) = (subject.Member, subject.Node);
        var type = member.Role == Role.ControlPlane ? MachineType.ControlPlane : MachineType.Worker;
        var generated = MachineConfigGenerator.Generate(Input(subject), secrets.Open(subject.Cluster), type);
        if (LayeredConfig.Apply(generated, ConfigLayers.Of(subject), out var refusal) is not { } config)
            return Refused($"the patches of {member.Hostname} do not apply: {refusal}");
        if (Problems(config.Text, node, subject.Image) is { Count: > 0 } problems)
            return Refused($"node {node.Metadata.Name} would refuse its config: {First(problems)}");
        return Unfit(config.Text, node) is { Count: > 0 } unfit
            ? Refused($"the config of node {node.Metadata.Name} does not fit it: {First(unfit)}") : config;
    }

    private static string First(IEnumerable<ConfigProblem> problems) => string.Join(" ", problems.Take(3).Select(p => p.Sentence));

    // Only until it is installed: afterwards its disk is chosen, and what it told of its cards may be out of date.
    private static EquatableArray<ConfigProblem> Unfit(string config, NodeRecord node) =>
        node is { InstallConfirmed: false, Facts: { } facts } ? FactCheck.Contradictions(config, SelectorFacts.Of(facts)) : [];

    private static List<ConfigProblem> Problems(string config, NodeRecord node, ImageRecord image)
    {
        // In maintenance mode it may be another release than the one that is installed then; that one reads the config.
        var talos = node.InstallConfirmed && SemanticVersion.TryParse(node.Observed?.TalosVersion, out var runs)
            ? runs : SemanticVersion.Parse(image.Spec.TalosVersion);
        return [.. ConfigValidation.Problems(config, talos)];
    }

    private static Refusal Refused(string message) => new(RefusalKind.FailedPrecondition, message);

    private static MachineConfigInput Input(ConfigSubject subject)
    {
        var (cluster, member, node, image) = subject;
        var spec = cluster.Spec;
        var talos = SemanticVersion.Parse(image.Spec.TalosVersion);
        var input = new MachineConfigInput(talos, SemanticVersion.Parse(spec.KubernetesVersion), cluster.Metadata.Name,
            new Uri(cluster.Endpoint), member.Hostname, InstallDisks.Choose(node, spec).Device, image.Effective.Installer);
        // An upgrade does not rewrite configs: what was generated once stays in the form of that release (talos.md 5.4).
        if (cluster.Contract != "")
            input = input with { Contract = MachineConfigInput.ContractFor(SemanticVersion.Parse(cluster.Contract)) };
        if (spec.PodSubnets.Count > 0)
            input = input with { PodSubnets = spec.PodSubnets };
        return spec.ServiceSubnets.Count > 0 ? input with { ServiceSubnets = spec.ServiceSubnets } : input;
    }
}
