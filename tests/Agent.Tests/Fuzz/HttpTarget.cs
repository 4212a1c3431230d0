using System.Net;
using System.Text;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Dhcp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>A method, a path and a range through the agent's routes and what answers them, without a socket.</summary>
internal sealed class HttpTarget : IFuzzTarget, IDisposable
{
    private const string Secret = "nobody may read this";
    private static readonly int[] Answers = [200, 206, 304, 404, 405, 412, 416];

    private readonly TemporaryDirectory directory = new();
    private readonly WebApplication app;
    private readonly RequestDelegate handle;
    private readonly Journal journal;
    private readonly HttpClient client = new();

    public HttpTarget()
    {
        Directory.CreateDirectory(directory["ipxe"]);
        File.WriteAllText(directory["secret"], Secret);
        File.WriteAllText(directory["ipxe/undionly.kpxe"], "a loader");
        var config = new AgentConfig { DataDirectory = directory.Path, IpxeDirectory = directory["ipxe"], Address = IPAddress.Loopback };
        var (clock, refused, desired) = (TimeProvider.System, new RefusalCounters(), new DesiredStateStore(directory.Path));
        journal = Journal.OpenAsync(directory.Path, clock, CancellationToken.None).GetAwaiter().GetResult();
        var sessions = new BootSessions(clock);
        var reporter = new BootReporter(config, journal, refused, NullLogger<BootReporter>.Instance);
        var cache = new AssetCache(new(directory["assets"], 1 << 20, clock), desired, client, clock, NullLogger<AssetCache>.Instance);
        var dhcp = new DhcpService(
            config, new LeaseTable([], []), desired, sessions, reporter, new ConflictProbe(config, clock, NullLogger<ConflictProbe>.Instance), refused, clock,
            NullLogger<DhcpService>.Instance);
        var probe = new NodeProbe(config, clock);
        var observer = new Observer(config, sessions, new(desired, sessions), probe, new(config, probe, clock, NullLogger<NodeWatcher>.Instance),
            new(journal, clock), clock, NullLogger<Observer>.Instance);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.UseRouting();
        var dhcp6 = new Dhcp6Service(config, desired, sessions, reporter, refused, clock, NullLogger<Dhcp6Service>.Instance);
        var metrics = new AgentMetrics(refused, dhcp, dhcp6, sessions, cache, journal, observer);
        var answers = new BootAnswers(desired, cache, reporter, new PushEndpoints(config));
        new BootHttp(config, sessions, answers, cache, reporter, metrics, refused).Map(app);
        app.UseEndpoints(_ => { });
        handle = ((IApplicationBuilder)app).Build();
    }

    public string Name => "http";

    public IReadOnlyList<byte[]> Samples { get; } =
    [
        .. new[]
        {
            "GET /boot/abcdefgh/script.ipxe?uuid=${uuid}&mac=52:54:00:00:00:01 ", "HEAD /boot/abcdefgh/undionly.kpxe bytes=0-3",
            "GET /boot/x/undionly.kpxe bytes=-3", $"GET /assets/{new string('a', 64)} bytes=5-", "GET /boot/x/assets/../../secret ",
            "GET /boot/52:54:00:00:00:01/grub.cfg ", "GET /boot/abcdefgh/script.grub ",
            "GET /boot/x/../../../secret ", "GET /healthz ", "GET /metrics ", $"GET /boot/abcdefgh/assets/{new string('b', 64)}/vmlinuz ",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    public void Run(byte[] input)
    {
        var words = Encoding.Latin1.GetString(input).Split(' ', 3);
        var (path, query) = words.ElementAtOrDefault(1)?.Split('?', 2) is [var before, .. var rest] ? (before, string.Concat(rest)) : ("", "");
        var context = new DefaultHttpContext { RequestServices = app.Services };
        context.Request.Method = words[0];
        // As Kestrel hands it over: escapes read, dots not resolved.
        context.Request.Path = "/" + Uri.UnescapeDataString(path).TrimStart('/');
        context.Request.QueryString = new("?" + query);
        context.Request.Headers.Range = words.ElementAtOrDefault(2) ?? "";
        using var body = new MemoryStream();
        context.Response.Body = body;
        handle(context).GetAwaiter().GetResult();
        FuzzFailure.Unless(Answers.Contains(context.Response.StatusCode), $"{words[0]} {path} is answered {context.Response.StatusCode}");
        FuzzFailure.Unless(!Encoding.Latin1.GetString(body.ToArray()).Contains(Secret, StringComparison.Ordinal), $"{path} shows another file");
    }

    public void Dispose()
    {
        journal.DisposeAsync().AsTask().GetAwaiter().GetResult();
        client.Dispose();
        directory.Dispose();
    }
}
