using Cozy.Fleet.MachineConfig.Secrets;
using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Generate;

/// <summary>The form of contracts up to 1.13: fields of the v1alpha1 document, and a few documents beside it.</summary>
internal static class FieldForm
{
    public static IEnumerable<YamlNode> Documents(Generation of)
    {
        yield return Map(
            ("version", Text("v1alpha1")),
            ("debug", Bool(false)),
            ("persist", Bool(true)),
            ("machine", Machine(of)),
            ("cluster", ClusterFields.Of(of)));
        if (of.Since(12))
            yield return of.Hostname();
    }

    private static YamlMappingNode Machine(Generation of) => Map(
        ("type", Text(of.TypeName)),
        ("token", Text(of.Secrets.TrustdToken)),
        ("ca", of.IsControlPlane ? PemText.Pair(of.Secrets.Os) : PemText.CertificateOnly(of.Secrets.Os.Certificate)),
        ("certSANs", List(of.Input.CertSans)),
        ("kubelet", Map(
            ("image", of.KubeletImage),
            ("defaultRuntimeSeccompProfileEnabled", Bool(true)),
            ("disableManifestsDirectory", Bool(true)))),
        // The hostname has a document of its own from 1.12; an empty network is not written from 1.13.
        ("network", of.Since(13) ? null : of.Since(12) ? new YamlMappingNode() : Map(("hostname", Text(of.Input.Hostname)))),
        ("install", Map(
            ("disk", Text(of.Input.InstallDisk)),
            ("image", Text(of.Input.InstallImage)),
            ("wipe", Bool(false)),
            ("grubUseUKICmdline", of.Since(12) ? Bool(true) : null))),
        // Registries have documents of their own from 1.12.
        ("registries", of.Since(12) ? null : new YamlMappingNode()),
        ("features", Features(of)),
        ("nodeLabels", of.IsControlPlane && of.Since(8) ? Map((Generation.ExcludeLabel, Text(""))) : null));

    private static YamlMappingNode Features(Generation of)
    {
        var old = !of.Since(12);
        return Map(
            ("rbac", old ? Bool(true) : null),
            ("stableHostname", old ? Bool(true) : null),
            ("apidCheckExtKeyUsage", old ? Bool(true) : null),
            ("diskQuotaSupport", Bool(true)),
            ("kubePrism", Map(("enabled", Bool(true)), ("port", Number(Generation.KubePrismPort)))),
            ("hostDNS", of.Since(7)
                ? Map(("enabled", Bool(true)), ("forwardKubeDNSToHost", of.Since(8) ? Bool(true) : null))
                : null));
    }
}
