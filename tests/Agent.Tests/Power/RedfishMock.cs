using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Agent.Tests.Power;

/// <summary>
/// A Redfish service with one system, over TLS: log-in and sessions, entity tags, tasks, states on the way, and habits of
/// real BMCs that can be
/// switched on.
/// </summary>
internal sealed class RedfishMock : IAsyncDisposable
{
    public const string Username = "ops";
    public const string Password = "s3cret";

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, bool> sessions = new();
    private readonly Lock gate = new();
    private readonly JsonObject boot = new()
    {
        ["BootSourceOverrideEnabled"] = "Disabled",
        ["BootSourceOverrideTarget"] = "None", ["BootSourceOverrideMode"] = "UEFI"
    };
    private string power = "Off";
    private string coming = "";
    private int tag = 1;
    private int taskLooks = -1;

    private RedfishMock(X509Certificate2 certificate)
    {
        Certificate = certificate;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public X509Certificate2 Certificate { get; }

    public string Address => new Uri(app.Urls.First()).Authority;

    public string Power { get => power; set => power = value; }

    /// <summary>It knows no sessions: only basic authentication.</summary>
    public bool HasNoSessions { get; set; }

    /// <summary>Every change becomes a task that runs for so many looks; negative: answered at once.</summary>
    public int TaskLength { get; set; } = -1;

    /// <summary>The tasks fail.</summary>
    public bool TasksFail { get; set; }

    /// <summary>The boot settings live in a resource of their own, changed only with its entity tag (AMI).</summary>
    public bool HasFutureState { get; set; }

    /// <summary>It takes an override and forgets it.</summary>
    public bool ForgetsOverride { get; set; }

    /// <summary>The allowed kinds of reset stand in a resource of their own.</summary>
    public bool HasActionInfo { get; set; }

    public string[] ResetTypes { get; set; } = ["On", "ForceOff", "GracefulShutdown", "ForceRestart"];

    public string[] SystemIds { get; set; } = ["1"];

    /// <summary>The systems' link leads elsewhere.</summary>
    public string Elsewhere { get; set; } = "";

    /// <summary>What was changed, one line each.</summary>
    public ConcurrentQueue<string> Told { get; } = new();

    /// <summary>It told its machine so: On, ForceOff, GracefulShutdown, ForceRestart.</summary>
    public event Action<string>? Switched;

    public int OpenSessions => sessions.Count;

    public static async Task<RedfishMock> StartAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bmc", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        var mock = new RedfishMock(request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1)));
        await mock.app.StartAsync();
        return mock;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        Certificate.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var body = context.Request.ContentLength > 0 ? (await JsonNode.ParseAsync(context.Request.Body))!.AsObject() : [];
        var (status, answer) = Answer(context, body);
        context.Response.StatusCode = status;
        if (answer is not null)
            await context.Response.WriteAsync(answer.ToJsonString());
    }

    private (int Status, JsonObject? Answer) Answer(HttpContext context, JsonObject body)
    {
        lock (gate) // Kestrel answers on many threads.
        {
            var (method, path) = (context.Request.Method, context.Request.Path.Value!);
            if (path == "/redfish/v1/")
                return (200, new()
                {
                    ["Systems"] = Link(Elsewhere != "" ? Elsewhere : "/redfish/v1/Systems"),
                    ["Links"] = new JsonObject { ["Sessions"] = Link("/redfish/v1/SessionService/Sessions") }
                });
            if (path == "/redfish/v1/SessionService/Sessions" && method == "POST")
                return LogIn(context, body);
            if (!IsKnown(context.Request))
                return (401, Refusal("who are you?"));
            return (method, path) switch
            {
                ("DELETE", _) => (sessions.TryRemove(path.Split('/')[^1], out _) ? 204 : 404, null),
                ("GET", "/redfish/v1/Systems") => (200, new()
                {
                    ["Members"] = new JsonArray([.. SystemIds.Select(id =>
                    Link($"/redfish/v1/Systems/{id}"))])
                }),
                ("GET", "/redfish/v1/Systems/1") => (200, System(context)),
                ("GET", "/redfish/v1/Systems/1/ResetActionInfo") => (200, new()
                {
                    ["Parameters"] = new JsonArray(new JsonObject { ["Name"] = "ResetType", ["AllowableValues"] = Words(ResetTypes) }),
                }),
                ("GET", "/redfish/v1/Systems/1/SD") when HasFutureState => (200, Boot(context)),
                ("PATCH", "/redfish/v1/Systems/1/SD") when HasFutureState => Override(context, body),
                ("PATCH", "/redfish/v1/Systems/1") when !HasFutureState => Override(context, body),
                ("POST", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset") => Reset(context, body["ResetType"]!.GetValue<string>()),
                ("GET", "/redfish/v1/TaskService/Monitors/7") => LookAtTask(context),
                _ => (404, Refusal("there is nothing here")),
            };
        }
    }

    private (int, JsonObject?) LogIn(HttpContext context, JsonObject body)
    {
        if (HasNoSessions)
            return (405, null);
        if (body["UserName"]?.GetValue<string>() != Username || body["Password"]?.GetValue<string>() != Password)
            return (401, Refusal("wrong"));
        var id = Guid.NewGuid().ToString("N");
        sessions[id] = true;
        (context.Response.Headers["X-Auth-Token"], context.Response.Headers.Location) = (id, $"/redfish/v1/SessionService/Sessions/{id}");
        return (201, []);
    }

    private bool IsKnown(HttpRequest request) => HasNoSessions
        ? request.Headers.Authorization == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Username}:{Password}"))
        : sessions.ContainsKey(request.Headers["X-Auth-Token"].ToString());

    private JsonObject System(HttpContext context)
    {
        // On its way for one look.
        var shown = power;
        if (coming != "")
            (power, coming) = (coming, "");
        var reset = new JsonObject { ["target"] = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset" };
        reset[HasActionInfo ? "@Redfish.ActionInfo" : "ResetType@Redfish.AllowableValues"] =
            HasActionInfo ? "/redfish/v1/Systems/1/ResetActionInfo" : Words(ResetTypes);
        var system = Boot(context);
        (system["PowerState"], system["Manufacturer"], system["Model"], system["SerialNumber"]) = (shown, "Acme", "R1", "S-77");
        system["Actions"] = new JsonObject { ["#ComputerSystem.Reset"] = reset };
        if (HasFutureState)
            system["@Redfish.Settings"] = new JsonObject { ["SettingsObject"] = Link("/redfish/v1/Systems/1/SD") };
        return system;
    }

    private JsonObject Boot(HttpContext context)
    {
        context.Response.Headers.ETag = $"\"{tag}\"";
        var shown = boot.DeepClone().AsObject();
        shown["BootSourceOverrideTarget@Redfish.AllowableValues"] = Words(["None", "Pxe", "Hdd"]);
        return new() { ["Boot"] = shown };
    }

    private (int, JsonObject?) Override(HttpContext context, JsonObject body)
    {
        if (HasFutureState && context.Request.Headers.IfMatch != $"\"{tag}\"")
            return (428, Refusal("the entity tag is missing"));
        Told.Enqueue(body.ToJsonString());
        if (!ForgetsOverride)
        {
            foreach (var (name, value) in body["Boot"]!.AsObject())
                boot[name] = value!.DeepClone();
        }
        tag++;
        return Done(context);
    }

    private (int, JsonObject?) Reset(HttpContext context, string type)
    {
        if (!ResetTypes.Contains(type))
            return (400, Refusal($"{type} is not supported"));
        Told.Enqueue(type);
        (power, coming) = type switch
        {
            "On" => ("PoweringOn", "On"),
            "ForceOff" or "GracefulShutdown" => ("PoweringOff", "Off"),
            _ => ("On", ""),
        };
        Switched?.Invoke(type);
        return Done(context);
    }

    private (int, JsonObject?) Done(HttpContext context)
    {
        if (TaskLength < 0)
            return (204, null);
        taskLooks = TaskLength;
        context.Response.Headers.Location = "/redfish/v1/TaskService/Monitors/7";
        context.Response.Headers.RetryAfter = "0";
        return (202, new() { ["TaskState"] = "Running" });
    }

    private (int, JsonObject?) LookAtTask(HttpContext context)
    {
        if (taskLooks-- > 0)
        {
            context.Response.Headers.RetryAfter = "0";
            return (202, new() { ["TaskState"] = "Running" });
        }
        return (200, TasksFail
            ? new() { ["TaskState"] = "Exception", ["Messages"] = new JsonArray(new JsonObject { ["Message"] = "the fan tray is open" }) }
            : new() { ["TaskState"] = "Completed" });
    }

    private static JsonObject Link(string path) => new() { ["@odata.id"] = path };

    private static JsonArray Words(string[] words) => new([.. words.Select(word => JsonValue.Create(word))]);

    private static JsonObject Refusal(string message) => new()
    {
        ["error"] = new JsonObject { ["@Message.ExtendedInfo"] = new JsonArray(new JsonObject { ["Message"] = message }) },
    };
}
