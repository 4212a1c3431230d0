using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>What machines load over HTTP: the scripts of iPXE and GRUB, the loader for UEFI HTTP boot, and the assets.</summary>
internal sealed class BootHttp(
    AgentConfig config, BootSessions sessions, BootAnswers answers, AssetCache cache, BootReporter reporter, AgentMetrics metrics,
    RefusalCounters refused)
{
    private static readonly string[] Methods = ["GET", "HEAD"];

    private readonly TransferTurns turns = new(config.HttpTransfersPerMachine);

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapMethods("/boot/{session}/script.ipxe", Methods, IpxeScriptAsync);
        app.MapMethods("/boot/{mac}/grub.cfg", Methods, GrubLoopAsync);
        app.MapMethods("/boot/{session}/script.grub", Methods, GrubScriptAsync);
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

    private Task IpxeScriptAsync(HttpContext context)
    {
        if (sessions.Find(Text(context, "session")) is not { } session)
            return RefuseUnknownAsync(context);
        var choice = context.Request.Query["choice"].ToString();
        // Nothing is decided yet: what comes of the menu asks once more, and is reported then.
        return ServeTextAsync(context, (choice == "" ? answers.Menu(session) : null)
            ?? answers.Script(session, new IpxeScripts(), choice == "disk", HttpMethods.IsGet(context.Request.Method)));
    }

    // The card that GRUB was loaded through is all that its own configuration can name; from here on it is the session.
    private Task GrubLoopAsync(HttpContext context) =>
        MacAddress.TryParse(Text(context, "mac"), out var mac) && sessions.Find(mac) is { } session
            ? ServeTextAsync(context, Grub.Loop(session.Id)) : RefuseUnknownAsync(context);

    private Task GrubScriptAsync(HttpContext context) => sessions.Find(Text(context, "session")) is { } session
        ? ServeTextAsync(context, answers.Script(session, Grub, choseDisk: false, HttpMethods.IsGet(context.Request.Method)))
        : RefuseUnknownAsync(context);

    private GrubScripts Grub => new(new(reporter.BootUrl));

    // After a restart of the agent nobody knows the session any more; the machine starts over (IBootScripts).
    private Task RefuseUnknownAsync(HttpContext context) =>
        RefuseAsync(context, 404, "unknown-session", "This boot is not known here; start again.");

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
        if (sessions.Find(Text(context, "session")) is { } session && answers.TryLeaveToItsDisk(session))
            return RefuseAsync(context, 404, "disk", "This machine starts from its disk.");
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
