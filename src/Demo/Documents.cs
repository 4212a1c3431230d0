using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Demo;

/// <summary>What an operator would write into files for this rack.</summary>
internal static class Documents
{
    public const string RackName = "r1";

    public const string ClusterName = "c1";

    public static string ImageName(SemanticVersion version) => $"talos-{version}";

    public static Image Image(SemanticVersion version, IEnumerable<BootAsset> assets) => new()
    {
        Metadata = new() { Name = ImageName(version) },
        Spec = new() { TalosVersion = version.ToString(), Installer = $"registry.example/installer:{version}", Assets = { assets } },
    };

    /// <summary>The simulated machines say who made them; no other machine would be accepted.</summary>
    public static Rack Rack(SemanticVersion discovery) => new()
    {
        Metadata = new() { Name = RackName },
        Spec = new()
        {
            DiscoveryImage = ImageName(discovery),
            AcceptanceRules = { new AcceptanceRule { Name = "simulated", Filter = "status.facts.manufacturer = \"Cozy Fleet\"" } },
        },
    };

    public static Cluster Cluster(DemoOptions options) => new()
    {
        Metadata = new() { Name = ClusterName },
        Spec = new()
        {
            Image = ImageName(options.From),
            KubernetesVersion = options.KubernetesVersion,
            ControlPlane = new() { Count = options.ControlPlanes },
            Workers = new() { Count = options.Workers },
            Install = new() { MinimumSizeBytes = 10_000_000_000 },
        },
    };

    /// <summary>The waits of a careful operator, shortened as the machines are.</summary>
    public static Rollout Rollout(DemoOptions options, SemanticVersion version) => new()
    {
        Metadata = new(),
        Spec = new()
        {
            Cluster = ClusterName,
            TalosUpgrade = new() { Image = ImageName(version) },
            Strategy = new()
            {
                Soak = Scaled(30, options.Speed, 1),
                BootTimeout = Scaled(1200, options.Speed, 30),
                GateTimeout = Scaled(600, options.Speed, 30),
                DrainTimeout = Scaled(600, options.Speed, 30),
                AllowControlPlaneDowntime = options.ControlPlanes == 1,
            },
        },
    };

    // The fleet's own looks and turns do not get faster with the machines: a floor keeps room for them.
    private static Duration Scaled(double seconds, double speed, double floor) =>
        Duration.FromTimeSpan(TimeSpan.FromSeconds(Math.Max(seconds / speed, floor)));
}
