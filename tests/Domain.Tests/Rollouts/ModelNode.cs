using System.Globalization;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Tests.Rollouts;

/// <summary>What goes wrong with a model node.</summary>
internal enum ModelFault
{
    None,
    BootsOldVersion,
    NeverReturns,
    InstallFails,
    DrainBlocked,
}

/// <summary>A node as it really is in the model: two boot slots, a boot, a cordon. What the coordinator sees of it comes later.</summary>
internal sealed class ModelNode(string name, Role role, string version)
{
    private string pending = "";
    private DateTimeOffset? upTime;
    private int boots = 1;

    public string Name => name;

    public Role Role => role;

    public string Version { get; private set; } = version;

    public ModelFault Fault { get; set; }

    public bool IsUp => upTime is null;

    public string CordonedBy { get; private set; } = "";

    /// <summary>Installer runs on the present boot; a second one would destroy the running system (rollouts.md 2.3).</summary>
    public int InstallsOnThisBoot { get; private set; }

    public int Upgrades { get; private set; }

    public bool LeadsEtcd { get; set; }

    /// <summary>How far the node was touched: for "no other node was touched".</summary>
    public bool WasTouched { get; private set; }

    private string BootId => string.Create(CultureInfo.InvariantCulture, $"{name}-boot-{boots}");

    public void Tick(DateTimeOffset now)
    {
        if (upTime is { } time && now >= time)
            upTime = null;
    }

    /// <summary>Carries an order out, as the agent and the node together do.</summary>
    public (OrderOutcome Outcome, FailureClass Class, string Message) Carry(OrderAction action, DateTimeOffset now, TimeSpan boot)
    {
        if (!IsUp)
            return (OrderOutcome.Failed, FailureClass.Transient, "the node does not answer");
        WasTouched = true;
        switch (action)
        {
            case OrderAction.InstallUpgrade when Fault == ModelFault.InstallFails:
                InstallsOnThisBoot++;
                return (OrderOutcome.Failed, FailureClass.Permanent, "the installer ended with code 7: no space left");
            case OrderAction.InstallUpgrade install:
                Install(install.Image);
                break;
            case OrderAction.LegacyUpgrade upgrade:
                Install(upgrade.Image);
                GoDown(now, boot);
                break;
            case OrderAction.Reboot:
                GoDown(now, boot);
                break;
            case OrderAction.Cordon cordon when CordonedBy == "":
                CordonedBy = cordon.Operation;
                break;
            case OrderAction.Drain when Fault == ModelFault.DrainBlocked:
                return (OrderOutcome.Failed, FailureClass.Contention, "1 pods are left: default/db-0: its disruption budget is 0");
            case OrderAction.Uncordon uncordon when CordonedBy == uncordon.Operation:
                CordonedBy = "";
                break;
        }
        return (OrderOutcome.Succeeded, FailureClass.None, "");
    }

    /// <summary>What an agent sees when it looks now.</summary>
    public NodeObservation Look(DateTimeOffset now, IReadOnlyList<ModelNode> all)
    {
        if (!IsUp)
            return new(now, "10.0.0.1", ApiMode.Unreachable) { Error = "no route to host" };
        var etcd = all.Where(n => n.Role == Role.ControlPlane).ToArray();
        var leader = Array.FindIndex(etcd, n => n.LeadsEtcd) + 1;
        return new(now, "10.0.0.1", ApiMode.Secure)
        {
            Stage = MachineStage.Running,
            Ready = true,
            TalosVersion = Version,
            BootId = BootId,
            Installed = true,
            Etcd = role != Role.ControlPlane ? null : new(true, "", (ulong)Array.IndexOf(etcd, this) + 1, (ulong)leader, 10, 10, 1, false, 1, [],
                [.. etcd.Select((n, i) => new EtcdMember((ulong)i + 1, n.Name, false))], []),
            Kubernetes = new(true, "", true, true, CordonedBy != "", CordonedBy, BootId, "v1.36.3", ""),
        };
    }

    private void Install(string image)
    {
        InstallsOnThisBoot++;
        Upgrades++;
        pending = image.Split(':')[^1];
    }

    private void GoDown(DateTimeOffset now, TimeSpan boot)
    {
        upTime = Fault == ModelFault.NeverReturns ? DateTimeOffset.MaxValue : now + boot;
        (boots, InstallsOnThisBoot) = (boots + 1, 0);
        if (pending != "" && Fault != ModelFault.BootsOldVersion)
            Version = pending;
        pending = "";
    }
}
