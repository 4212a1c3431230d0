using System.Net;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>What is wrong with a cluster's spec, before anything is done for it.</summary>
internal static class ClusterSpecCheck
{
    /// <param name="image">Null when there is no image of that name.</param>
    /// <param name="present">The cluster as it is, or null for a new one.</param>
    public static Refusal? Problem(ClusterSpec spec, ImageRecord? image, ClusterRecord? present) =>
        Members(spec, present) ?? Versions(spec, image) ?? Network(spec) ?? Patches(spec, image!) ?? Frozen(spec, present);

    private static Refusal? Members(ClusterSpec spec, ClusterRecord? present)
    {
        var (control, workers) = (MemberChoice.Wanted(spec.ControlPlane), MemberChoice.Wanted(spec.Workers));
        if (control < 1)
            return Invalid("a cluster needs at least one control plane; say which machines, or how many.", "spec.control_plane");
        var twice = spec.ControlPlane.Nodes.Intersect(spec.Workers.Nodes).ToArray();
        if (twice.Length > 0)
            return Invalid($"{string.Join(", ", twice)} cannot be control plane and worker at once.", "spec.workers.nodes");
        if (present is null)
            return null;
        // Members leave by a call of their own: a smaller number alone does not say which machine is to be wiped.
        return control < MemberChoice.Wanted(present.Spec.ControlPlane) || workers < MemberChoice.Wanted(present.Spec.Workers)
            ? new(RefusalKind.FailedPrecondition, "members cannot be taken out by asking for fewer.", "spec")
            : null;
    }

    private static Refusal? Versions(ClusterSpec spec, ImageRecord? image)
    {
        if (image is null)
            return new(RefusalKind.FailedPrecondition, $"there is no image '{spec.Image}'; apply it first.", "spec.image");
        if (!SemanticVersion.TryParse(spec.KubernetesVersion, out var kubernetes))
            return Invalid($"'{spec.KubernetesVersion}' is not a version such as v1.36.3.", "spec.kubernetes_version");
        return VersionRules.Problem(SemanticVersion.Parse(image.Spec.TalosVersion), kubernetes) is { } problem
            ? Invalid(problem, "spec.kubernetes_version") : null;
    }

    private static Refusal? Network(ClusterSpec spec)
    {
        var isUrl = Uri.TryCreate(spec.Endpoint, UriKind.Absolute, out var endpoint) && endpoint.Scheme == Uri.UriSchemeHttps && endpoint.AbsolutePath == "/";
        if (spec.Endpoint != "" && !isUrl)
            return Invalid($"'{spec.Endpoint}' is not https://HOST:PORT.", "spec.endpoint");
        foreach (var (subnets, field) in new[] { (spec.PodSubnets, "spec.pod_subnets"), (spec.ServiceSubnets, "spec.service_subnets") })
        {
            if (subnets.FirstOrDefault(s => !IPNetwork.TryParse(s, out _)) is { } wrong)
                return Invalid($"'{wrong}' is not a network such as 10.244.0.0/16.", field);
        }
        return null;
    }

    private static Refusal? Patches(ClusterSpec spec, ImageRecord image)
    {
        var talos = SemanticVersion.Parse(image.Spec.TalosVersion);
        for (var i = 0; i < spec.Patches.Count; i++)
        {
            var problem = MachineConfig.ConfigPatch.Problem(spec.Patches[i].Yaml, talos)
                ?? (MachineConfig.ConfigPatch.UnknownTo(talos, spec.Patches[i].Yaml) is [var first, ..] ? first.ToString() : null);
            if (problem is not null)
                return Invalid($"patch {spec.Patches[i].Name}, {problem}", $"spec.patches[{i}].yaml");
        }
        return null;
    }

    // These are in every config that was given out.
    private static Refusal? Frozen(ClusterSpec spec, ClusterRecord? present)
    {
        if (present is null || present.Members.Count == 0)
            return null;
        var old = present.Spec;
        return spec.Endpoint != old.Endpoint ? Fixed("endpoint")
            : spec.PodSubnets != old.PodSubnets ? Fixed("pod_subnets")
            : spec.ServiceSubnets != old.ServiceSubnets ? Fixed("service_subnets")
            : spec.KubernetesVersion != old.KubernetesVersion ? Fixed("kubernetes_version")
            : spec.Image != old.Image && present.BootstrapTime is not null
            ? new(RefusalKind.FailedPrecondition, "the image of a running cluster is changed by a rollout: cozyfleet rollout start.", "spec.image")
            : null;

        static Refusal Fixed(string field) =>
            new(RefusalKind.FailedPrecondition, $"{field} cannot be changed once machines have their configs.", $"spec.{field}");
    }

    private static Refusal Invalid(string message, string field) => new(RefusalKind.InvalidArgument, message, field);
}
