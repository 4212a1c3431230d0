using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;
using Google.Protobuf.WellKnownTypes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Validation;

/// <summary>The shape of specs. Whether a cluster can be built from one is decided by its grain.</summary>
internal static class SpecRules
{
    private const double LongestWait = 7 * 24 * 3600;
    private const long LongestMenu = 10 * 60;

    public static void Check(V1.RackSpec? spec, Problems problems)
    {
        var rules = spec?.AcceptanceRules ?? [];
        for (var i = 0; i < rules.Count; i++)
        {
            problems.AddIf(rules[i].Name == "", $"spec.acceptance_rules[{i}].name", "must be set");
            // An empty filter would accept every machine; whoever means that writes *.
            problems.AddIf(rules[i].Filter.Trim() == "", $"spec.acceptance_rules[{i}].filter", "must be set; * is every machine");
            NodeFilter(rules[i].Filter, $"spec.acceptance_rules[{i}].filter", problems);
        }
        foreach (var twice in rules.GroupBy(r => r.Name).Where(g => g.Key != "" && g.Count() > 1))
            problems.Add("spec.acceptance_rules", $"the name '{twice.Key}' stands there {twice.Count()} times");
        // Zero would be a menu that nobody can read, and for ever one that no machine boots behind.
        problems.AddIf(spec?.BootMenuTimeout is { } menu && (menu.Nanos is < 0 or > 999_999_999 || menu.Seconds is < 1 or > LongestMenu),
            "spec.boot_menu_timeout", "must be between 1 second and 10 minutes; leave it out for no menu");
    }

    public static void Check(V1.NodeSpec? spec, Problems problems)
    {
        var hostname = spec?.Hostname ?? "";
        problems.AddIf(hostname != "" && !NameRules.IsName(hostname), "spec.hostname", $"'{hostname}' is not a host name");
        problems.AddIf(!System.Enum.IsDefined(spec?.RoleHint ?? default), "spec.role_hint", "is not a role");
        problems.AddIf(spec is { InstallDisk: not "" } && !spec.InstallDisk.StartsWith("/dev/", StringComparison.Ordinal),
            "spec.install_disk", "must be a device path such as /dev/sda");
    }

    public static void Check(V1.ClusterSpec? spec, Problems problems)
    {
        if (spec is null)
        {
            problems.Add("spec", "must be set");
            return;
        }
        problems.AddIf(spec.Image == "", "spec.image", "must be set");
        problems.AddIf(spec.KubernetesVersion == "", "spec.kubernetes_version", "must be set");
        Members(spec.ControlPlane, "spec.control_plane", problems);
        Members(spec.Workers, "spec.workers", problems);
        for (var i = 0; i < spec.Patches.Count; i++)
        {
            problems.AddIf(spec.Patches[i].Name == "", $"spec.patches[{i}].name", "must be set");
            problems.AddIf(!System.Enum.IsDefined(spec.Patches[i].Role), $"spec.patches[{i}].role", "is not a role");
            NodeFilter(spec.Patches[i].Filter, $"spec.patches[{i}].filter", problems);
        }
    }

    public static void Check(V1.FleetPatchSpec? spec, Problems problems)
    {
        problems.AddIf(spec is null || spec.Yaml.Trim() == "", "spec.yaml", "must be set, such as 'machine: …'");
        problems.AddIf(!System.Enum.IsDefined(spec?.Role ?? default), "spec.role", "is not a role");
        NodeFilter(spec?.Filter ?? "", "spec.filter", problems);
    }

    public static void Check(V1.RolloutSpec? spec, Problems problems)
    {
        problems.AddIf(spec is null or { Cluster: "" }, "spec.cluster", "must be set");
        problems.AddIf(spec?.TalosUpgrade is null or { Image: "" }, "spec.talos_upgrade.image", "must be set");
        Wait(spec?.Strategy?.Soak, "soak", problems);
        Wait(spec?.Strategy?.BootTimeout, "boot_timeout", problems);
        Wait(spec?.Strategy?.GateTimeout, "gate_timeout", problems);
        Wait(spec?.Strategy?.DrainTimeout, "drain_timeout", problems);
    }

    private static void Members(V1.MemberSet? set, string at, Problems problems)
    {
        problems.AddIf(set is { Count: < 0 }, $"{at}.count", "must not be negative");
        problems.AddIf(set is { Count: 0, Filter: not "" }, $"{at}.count", "must be set beside a filter");
        problems.AddIf(set?.Nodes.Distinct().Count() != set?.Nodes.Count, $"{at}.nodes", "names a node twice");
        NodeFilter(set?.Filter ?? "", $"{at}.filter", problems);
    }

    private static void NodeFilter(string text, string at, Problems problems)
    {
        if (!Filter.TryParse(text, out var filter, out var refusal))
            problems.Add(at, refusal.Replace("filter: ", "", StringComparison.Ordinal).TrimEnd('.'));
        foreach (var path in filter.Paths.Where(path => !NodeFields.Knows(path)))
        {
            problems.Add(at, MessageFields.Exists(V1.Node.Descriptor, path)
                ? $"'{path}' cannot be used to choose machines" : $"'{path}' is not a field of Node");
        }
    }

    private static void Wait(Duration? wait, string name, Problems problems) => problems.AddIf(
        wait is not null && (wait.Seconds < 0 || wait.Nanos is < 0 or > 999_999_999 || wait.Seconds > LongestWait),
        $"spec.strategy.{name}", "must be between 0 (the default) and 7 days");
}
