using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>What machines load over HTTP: iPXE's script, its loader for UEFI HTTP boot, and the assets.</summary>
internal sealed class BootHttp(
    AgentConfig config, BootSessions sessions, DesiredStateStore desired, AssetCache cache, BootReporter reporter, AgentMetrics metrics,
    PushEndpoints push, RefusalCounters refused)
{
    private static readonly string[] Methods = ["GET", "HEAD"];

    private readonly TransferTurns turns = new(config.HttpTransfersPerMachine);

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapMethods("/boot/{session}/script.ipxe", Methods, ScriptAsync);
        app.MapMethods("/boot/{session}/assets/{sha256}/{name}", Methods, context => AssetAsync(context, Text(context, "sha256")));
        app.MapMethods("/assets/{sha256}", Methods, context => AssetAsync(context, Text(context, "sha256")));
        app.MapMethods("/boot/{session}/{loader}", Methods, LoaderAsync);
        app.MapGet("/healthz", context => context.Response.WriteAsync("ok\n"));
        app.MapGet("/metrics", context => ServeTextAsync(context, metrics.Text()));
        app.MapFallback(context =>
        {
            refused.Count("http/not-found");
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
    }

    private async Task ScriptAsync(HttpContext context)
    {
        if (sessions.Find(Text(context, "session")) is not { } session)
        {
            // After a restart of the agent nobody knows the session any more; the machine starts over (BootScripts).
            await RefuseAsync(context, 404, "unknown-session", "This boot is not known here; start again.");
            return;
        }
        using var span = session.Span("script");
        var plan = BootDecision.For(desired.Current, session.Mac, session.Uuid);
        var choice = context.Request.Query["choice"].ToString();
        if (choice == "" && desired.Current?.BootMenuTimeout?.ToTimeSpan() is { Ticks: > 0 } timeout)
        {
            // Nothing is decided yet: what comes of the menu asks once more, and is reported then.
            await ServeTextAsync(context, BootScripts.Menu(plan, session.Id, timeout));
            return;
        }
        if (choice == "disk")
            plan = plan with { Action = BootAction.Disk, Image = null, Reason = "chosen at the console" };
        var script = Script(ref plan, session);
        span?.SetTag("boot.action", plan.Action.ToString()).SetTag("boot.reason", plan.Reason).SetTag("boot.image", plan.Image?.Name);
        if (HttpMethods.IsGet(context.Request.Method))
            reporter.Decided(session, plan);
        await ServeTextAsync(context, script);
    }

    private string Script(ref BootPlan plan, BootSession session)
    {
        if (plan.Action != BootAction.Netboot)
            return plan.Action == BootAction.Hold ? BootScripts.Hold(plan, session.Id) : BootScripts.Disk(plan, session.Id, session.Firmware);
        var architecture = session.Firmware == ClientFirmware.UefiArm64 ? Architecture.Arm64 : Architecture.Amd64;
        var assets = plan.Image!.Assets.Where(a => a.Architecture == architecture).ToLookup(a => a.Kind);
        var (kernel, initramfs) = (assets[AssetKind.Kernel].FirstOrDefault(), assets[AssetKind.Initramfs].FirstOrDefault());
        // A name that we hand out is a file that we serve: until both are here and verified, the machine waits.
        if (kernel is not null && initramfs is not null && cache.Find(kernel.Sha256) is not null && cache.Find(initramfs.Sha256) is not null)
            return BootScripts.Netboot(plan, session.Id, new(kernel, initramfs, session.Firmware), push.Targets);
        plan = plan with { Action = BootAction.Hold, Reason = $"image {plan.Image.Name} is not in this rack's cache yet" };
        return BootScripts.Hold(plan, session.Id);
    }

    private async Task AssetAsync(HttpContext context, string sha256)
    {
        if (cache.Find(sha256) is not { } path)
        {
            await RefuseAsync(context, 404, "unknown-asset", "There is no such asset.");
            return;
        }
        var session = context.Request.RouteValues.ContainsKey("session") ? sessions.Find(Text(context, "session")) : null;
        var kind = Text(context, "name") == "vmlinuz" ? AssetKind.Kernel : AssetKind.Initramfs;
        var isGet = HttpMethods.IsGet(context.Request.Method);
        using var turn = isGet && session is not null ? await turns.TakeAsync(session.Id, context.RequestAborted) : null;
        using var span = isGet ? session?.Span(kind == AssetKind.Kernel ? "kernel" : "initramfs") : null;
        var sent = await FileBody.ServeAsync(context, path, sha256);
        span?.SetTag("http.bytes", sent).SetTag("asset.sha256", sha256);
        if (session is not null && isGet && sent == new FileInfo(path).Length)
            reporter.AssetFetched(session, kind);
    }

    private Task LoaderAsync(HttpContext context)
    {
        var name = Text(context, "loader");
        var path = Path.Combine(config.IpxeDirectory, name);
        // A firmware that gets nothing goes on to its next entry: the disk, and no loader has to find the way there. It also keeps a loader that
        // is a whole system, as arm64's may be, from starting on a machine that has its own.
        // A menu is shown by the loader alone.
        if (desired.Current?.BootMenuTimeout is null && sessions.Find(Text(context, "session")) is { } session
            && BootDecision.For(desired.Current, session.Mac, session.Uuid) is { Action: BootAction.Disk } disk)
        {
            if (session.Reported?.Action != BootAction.Disk) // HEAD comes first, or GET alone.
                reporter.Decided(session, disk);
            return RefuseAsync(context, 404, "disk", "This machine starts from its disk.");
        }
        return (name == config.UefiLoader || name == config.BiosLoader || (name != "" && name == config.Arm64Loader)) && File.Exists(path)
            ? FileBody.ServeAsync(context, path, name)
            : RefuseAsync(context, 404, "unknown-loader", "There is no such loader.");
    }

    private Task RefuseAsync(HttpContext context, int status, string reason, string sentence)
    {
        refused.Count("http/" + reason);
        context.Response.StatusCode = status;
        return ServeTextAsync(context, sentence + "\n");
    }

    private static Task ServeTextAsync(HttpContext context, string text)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(text);
        context.Response.ContentType = "text/plain";
        // Without the length iPXE is very slow (netboot.md 14.6).
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(bytes).AsTask();
    }

    private static string Text(HttpContext context, string name) => context.Request.RouteValues[name] as string ?? "";
}
