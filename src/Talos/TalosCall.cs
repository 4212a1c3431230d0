using Grpc.Core;

namespace Cozy.Fleet.Talos;

/// <summary>A call of a node's API, as far as a refusal of it can be explained: who may make it, where, and since when (talos.md 1.3).</summary>
/// <param name="Role">The lowest role that may.</param>
internal sealed record TalosCall(string Name, string Role)
{
    public static readonly TalosCall ApplyConfiguration = new("ApplyConfiguration", Admin);
    public static readonly TalosCall Bootstrap = new("Bootstrap", Admin) { OnControlPlane = true };
    public static readonly TalosCall Pull = new("ImageService.Pull", Operator) { Since = "v1.13" };
    public static readonly TalosCall InstallUpgrade = new("LifecycleService.Upgrade", Admin) { Since = "v1.13" };
    public static readonly TalosCall Upgrade = new("Upgrade", Admin);
    public static readonly TalosCall Reboot = new("Reboot", Operator);
    public static readonly TalosCall Rollback = new("Rollback", Admin);
    public static readonly TalosCall Shutdown = new("Shutdown", Operator);
    public static readonly TalosCall Reset = new("Reset", Admin);
    public static readonly TalosCall ServiceRestart = new("ServiceRestart", Operator);
    public static readonly TalosCall MetaWrite = new("MetaWrite", Admin);
    public static readonly TalosCall ForfeitLeadership = new("EtcdForfeitLeadership", Admin) { OnControlPlane = true };
    public static readonly TalosCall Defragment = new("EtcdDefragment", Operator) { OnControlPlane = true };
    public static readonly TalosCall RemoveMember = new("EtcdRemoveMemberByID", Admin) { OnControlPlane = true };
    public static readonly TalosCall AlarmDisarm = new("EtcdAlarmDisarm", Operator) { OnControlPlane = true };
    public static readonly TalosCall Snapshot = new("EtcdSnapshot", Operator) { OnControlPlane = true };
    public static readonly TalosCall Kubeconfig = new("Kubeconfig", Admin) { OnControlPlane = true };
    public static readonly TalosCall Logs = new("Logs", Reader);
    public static readonly TalosCall Dmesg = new("Dmesg", Reader);
    public static readonly TalosCall ServiceList = new("ServiceList", Reader);

    private const string Reader = "os:reader";
    private const string Admin = "os:admin";
    private const string Operator = "os:operator";

    /// <summary>From lowest to highest; each may what the ones before it may (talos.md 4.3).</summary>
    private static readonly string[] Ranks = [Reader, Operator, Admin];

    /// <summary>Only control planes answer it.</summary>
    public bool OnControlPlane { get; init; }

    /// <summary>The first release that has it; empty for all that we support.</summary>
    public string Since { get; init; } = "";

    /// <summary>Why a node answers so and what to do, as far as it can be told; empty where its own words are all there is.</summary>
    /// <param name="roles">The roles of our certificate; none in maintenance mode.</param>
    public string Explain(StatusCode code, IReadOnlyList<string> roles) => code switch
    {
        StatusCode.PermissionDenied when roles.Count == 0 =>
            $"{Name} needs the role {Role}, and a node in maintenance mode takes everybody for os:reader; give it a config first",
        StatusCode.PermissionDenied when !roles.Any(role => Array.IndexOf(Ranks, role) >= Array.IndexOf(Ranks, Role)) =>
            $"{Name} needs the role {Role}, and our certificate has {string.Join(", ", roles)}; use one with that role",
        StatusCode.Unimplemented when Since != "" => $"{Name} came with Talos {Since}; this node is older",
        StatusCode.Unimplemented when roles.Count == 0 => $"before Talos v1.13 a node in maintenance mode does not know {Name}; give it a config first",
        StatusCode.Unimplemented when OnControlPlane => $"only a control plane answers {Name}; ask one",
        _ => "",
    };

    /// <summary>The same refusal with the explanation behind it.</summary>
    public RpcException Explained(RpcException refusal, IReadOnlyList<string> roles) => Explain(refusal.StatusCode, roles) is { Length: > 0 } why
        ? new(new(refusal.StatusCode, $"{refusal.Status.Detail}; {why}", refusal.Status.DebugException))
        : refusal;
}
