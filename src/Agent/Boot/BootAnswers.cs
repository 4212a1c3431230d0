using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>What a machine is told when its firmware or its loader asks, from the stored desired state.</summary>
internal sealed class BootAnswers(DesiredStateStore desired, AssetCache cache, BootReporter reporter, PushEndpoints push)
{
    /// <summary>
    /// True when the machine starts from its disk, which is reported then: its firmware gets no loader. One that gets nothing goes on to its
    /// next entry, and no loader has to find the way there. It also keeps a loader that is a whole system, as arm64's may be, from starting
    /// on a machine that has its own. Where the rack has a menu the loader is served, because it shows the menu.
    /// </summary>
    public bool TryLeaveToItsDisk(BootSession session)
    {
        if (desired.Current?.BootMenuTimeout is not null || PlanOf(session) is not { Action: BootAction.Disk } disk)
            return false;
        if (session.Reported?.Action != BootAction.Disk) // HEAD comes first, or GET alone.
            reporter.Decided(session, disk);
        session.IsPastFirmware = true;
        return true;
    }

    /// <summary>The menu of the rack's consoles; null where there is none.</summary>
    public string? Menu(BootSession session) => desired.Current?.BootMenuTimeout?.ToTimeSpan() is { Ticks: > 0 } timeout
        ? IpxeScripts.Menu(PlanOf(session), session.Id, timeout) : null;

    /// <param name="choseDisk">A person at the console did.</param>
    /// <param name="report">This is no mere look.</param>
    public string Script(BootSession session, IBootScripts scripts, bool choseDisk, bool report)
    {
        session.IsPastFirmware = true;
        using var span = session.Span("script");
        var plan = PlanOf(session);
        if (choseDisk)
            plan = plan with { Action = BootAction.Disk, Image = null, Reason = "chosen at the console" };
        var files = plan.Image is null ? null : FilesOf(ref plan, session);
        span?.SetTag("boot.action", plan.Action.ToString()).SetTag("boot.reason", plan.Reason).SetTag("boot.image", plan.Image?.Name);
        if (report)
            reporter.Decided(session, plan);
        return plan.Action switch
        {
            BootAction.Netboot => scripts.Netboot(plan, session.Id, files!, push.Targets),
            BootAction.Hold => scripts.Hold(plan, session.Id),
            _ => scripts.Disk(plan, session.Id, session.Firmware),
        };
    }

    // A name that we hand out is a file that we serve: until both are here and verified, the machine waits.
    private BootFiles? FilesOf(ref BootPlan plan, BootSession session)
    {
        var architecture = session.Firmware == ClientFirmware.UefiArm64 ? Architecture.Arm64 : Architecture.Amd64;
        var assets = plan.Image!.Assets.Where(a => a.Architecture == architecture).ToLookup(a => a.Kind);
        var (kernel, initramfs) = (assets[AssetKind.Kernel].FirstOrDefault(), assets[AssetKind.Initramfs].FirstOrDefault());
        var exist = kernel is not null && initramfs is not null;
        if (exist && cache.Find(kernel!.Sha256) is not null && cache.Find(initramfs!.Sha256) is not null)
            return new(kernel, initramfs, session.Firmware);
        var lacking = $"has no kernel and initramfs for {architecture.ToString().ToLowerInvariant()}";
        var reason = $"image {plan.Image.Name} {(exist ? "is not in this rack's cache yet" : lacking)}";
        plan = plan with { Action = BootAction.Hold, Reason = reason };
        return null;
    }

    private BootPlan PlanOf(BootSession session) => BootDecision.For(desired.Current, session.Mac, session.Uuid);
}
