using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Boot.Tftp;
using Cozy.Fleet.Agent.Commands;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Images;
using Cozy.Fleet.Agent.Mirror;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Agent.Observe.Hints;
using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Agent.Queries;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Dhcp;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Serilog;
using Serilog.Events;

namespace Cozy.Fleet.Agent.Hosting;

/// <summary>
/// The command line: <c>--config FILE</c> runs the agent, <c>check --config FILE</c> only reads the file. Exit codes: 0 a clean end,
/// 1 the agent could not start or enrol, 2 the configuration or the command line is wrong.
/// </summary>
internal static class AgentProgram
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var check = arguments is ["check", ..];
        if ((check ? arguments[1..] : arguments) is not ["--config", var file])
        {
            await Console.Error.WriteLineAsync("usage: cozy-fleet-agent [check] --config FILE");
            return 2;
        }
        if (await LoadAsync(file) is not { } config)
            return 2;
        if (check)
        {
            await Console.Out.WriteLineAsync($"{file} is good: rack {config.Rack}, DHCP {config.DhcpMode} on {config.Address}");
            return 0;
        }
        try
        {
            await ServeAsync(config);
            return 0;
        }
        catch (Exception failure) when (failure is EnrolmentException or IOException or UnauthorizedAccessException
            or System.Net.Sockets.SocketException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static async Task<AgentConfig?> LoadAsync(string file)
    {
        if (!File.Exists(file))
        {
            await Console.Error.WriteLineAsync($"{file}: there is no such file");
            return null;
        }
        var token = Environment.GetEnvironmentVariable("COZY_FLEET_TOKEN") ?? "";
        var config = AgentConfigReader.TryRead(file, await File.ReadAllTextAsync(file), token, out var refusals);
        foreach (var refusal in refusals)
            await Console.Error.WriteLineAsync(refusal);
        return config;
    }

    private static async Task ServeAsync(AgentConfig config)
    {
        Directory.CreateDirectory(config.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var clock = TimeProvider.System;
        await using var journal = await Journal.OpenAsync(config.DataDirectory, clock, CancellationToken.None);
        await using var commands = await CommandLog.OpenAsync(config.DataDirectory);
        // The other builders look for an appsettings.json where the agent was started, and watch every folder below it: for a service
        // that is /, and for a person the data directory, where each lease is a write.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        AddLogging(builder);
        builder.Services.Configure<SocketTransportOptions>(sockets =>
        {
            sockets.CreateBoundListenSocket = ImpatientListener.Bind;
            // An asset goes from the file to its line on one thread; handing each piece to another took as long as the piece. No handler
            // computes or waits on a thread for long, which is what the warning in the name is about.
            sockets.UnsafePreferInlineScheduling = true;
        });
        FileOutput.AddTo(builder.Services);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.KeepAliveTimeout = ImpatientListener.IdleTimeout;
            kestrel.Listen(new IPEndPoint(config.Address, config.HttpPort));
            if (config.Dhcp6 is { } dhcp6)
                kestrel.Listen(new IPEndPoint(dhcp6.Address, config.HttpPort));
            if (config.EventSinkPort is { } port)
                kestrel.Listen(new IPEndPoint(config.Address, port), EventSink.Listen);
        });
        AddTracing(builder, config);
        AddServices(builder.Services, config, clock, journal, commands);
        await using var app = builder.Build();
        app.Services.GetRequiredService<EventSink>().Map(app);
        app.Services.GetRequiredService<RegistryMirror>().Map(app);
        app.Services.GetRequiredService<BootHttp>().Map(app);
        WarnAboutLoaders(config);
        await app.StartAsync();
        Announce(app, config);
        await app.WaitForShutdownAsync();
        if (app.Services.GetRequiredService<AgentFailure>().Reason is { } reason)
            throw reason;
    }

    private static void AddServices(IServiceCollection services, AgentConfig config, TimeProvider clock, Journal journal, CommandLog commands)
    {
        services.AddSingleton(config).AddSingleton(clock).AddSingleton(journal).AddSingleton(commands);
        services.AddSingleton(new LeaseTable(config.Subnets, config.Reservations));
        services.AddSingleton(OpenDesiredState(config));
        // A download to a slow machine does not keep a restart waiting: it asks again.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));
        services.AddSingleton(new HttpClient { Timeout = TimeSpan.FromMinutes(30) });
        services.AddSingleton<RefusalCounters>().AddSingleton<BootSessions>().AddSingleton<AddressBook>();
        services.AddSingleton<BootHttp>().AddSingleton<BootAnswers>().AddSingleton<PushEndpoints>();
        services.AddSingleton<Heartbeats>().AddSingleton<AgentMetrics>().AddSingleton<AgentFailure>()
            .AddSingleton<CommandActions>().AddSingleton<CommandExecutor>();
        services.AddSingleton<CarryOut>(s => s.GetRequiredService<CommandActions>().ExecuteAsync);
        services.AddSingleton<BmcTurns>().AddSingleton<PowerControl>();
        services.AddSingleton<NodeDial>().AddSingleton<QueryAnswers>().AddSingleton<LeaseAnswers>().AddSingleton<KernelLogAnswers>();
        services.AddSingleton<AnswerQuery>(s => s.GetRequiredService<QueryAnswers>().AnswerAsync);
        services.AddSingleton<NodeProbe>().AddSingleton<NodeWatcher>().AddSingleton<ViewReporter>().AddSingleton<AgentIdentity>();
        services.AddSingleton<BootReporter>().AddSingleton<AssetCache>().AddSingleton<Observer>().AddSingleton<SessionLoop>();
        services.AddSingleton<ConflictProbe>().AddSingleton<ForeignServers>().AddSingleton<DhcpService>().AddSingleton<Dhcp6Service>()
            .AddSingleton<TftpFiles>().AddSingleton<TftpService>().AddSingleton<ImageBuilds>();
        services.AddSingleton<Senders>().AddSingleton<EventSink>().AddSingleton<KernelLogs>().AddSingleton<KernelLogService>();
        services.AddSingleton<MirrorContent>().AddSingleton<RegistryMirror>();
        services.AddSingleton(new AssetStore(Path.Combine(config.DataDirectory, "assets"), config.AssetsLimit, clock));
        services.AddHostedService(s => s.GetRequiredService<BootReporter>());
        services.AddHostedService(s => s.GetRequiredService<AssetCache>());
        services.AddHostedService(s => s.GetRequiredService<ImageBuilds>());
        services.AddHostedService(s => s.GetRequiredService<TftpService>());
        services.AddHostedService(s => s.GetRequiredService<ConflictProbe>());
        services.AddHostedService(s => s.GetRequiredService<DhcpService>());
        AddIpv6(services, config);
        services.AddHostedService(s => s.GetRequiredService<ForeignServers>());
        services.AddHostedService<RouterAnswers>();
        services.AddHostedService(s => s.GetRequiredService<Observer>());
        services.AddHostedService(s => s.GetRequiredService<KernelLogService>());
        services.AddHostedService(s => s.GetRequiredService<SessionLoop>());
    }

    private static void AddIpv6(IServiceCollection services, AgentConfig config)
    {
        if (config.Dhcp6 is not { } dhcp6)
            return;
        services.AddSingleton<RouterAdvertiser>();
        // Not AddHostedService, which takes a second one of the same type for the first.
        services.AddSingleton<IHostedService>(s => new TftpService(config, s.GetRequiredService<TftpFiles>(), s.GetRequiredService<BootReporter>(),
            s.GetRequiredService<RefusalCounters>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<TftpService>>())
        {
            Address = dhcp6.Address,
        });
        services.AddHostedService(s => s.GetRequiredService<Dhcp6Service>());
        services.AddHostedService(s => s.GetRequiredService<RouterAdvertiser>());
    }

    private static DesiredStateStore OpenDesiredState(AgentConfig config)
    {
        var store = new DesiredStateStore(config.DataDirectory);
        if (store.WasDamaged)
            Log.Error("the stored desired state could not be read and was put aside: machines boot from their disks until the coordinator sends it");
        return store;
    }

    private static void AddLogging(WebApplicationBuilder builder)
    {
        Log.Logger = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("System.Net.Http", LogEventLevel.Warning)
            .Filter.ByExcluding(IsSaidInASentence)
            .WriteTo.Console(outputTemplate: "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}")
            .CreateLogger();
        builder.Host.UseSerilog();
    }

    // A port that another server has ends the start, and RunAsync says which. The host adds two stack traces: that of the failure, and those
    // of the services that it stopped again.
    private static bool IsSaidInASentence(LogEvent happened) => happened switch
    {
        { MessageTemplate.Text: "Hosting failed to start" } => true,
        { MessageTemplate.Text: "BackgroundService failed", Exception: OperationCanceledException } => true,
        _ => false,
    };

    private static void AddTracing(WebApplicationBuilder builder, AgentConfig config)
    {
        var endpoint = config.OtlpEndpoint?.ToString() ?? Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT");
        if (string.IsNullOrEmpty(endpoint))
            return;
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("cozy-fleet-agent", serviceInstanceId: config.Rack))
            .WithTracing(tracing => tracing.AddSource(Telemetry.SourceName)
                .AddOtlpExporter(otlp => otlp.Endpoint = new Uri(endpoint)));
    }

    private static void WarnAboutLoaders(AgentConfig config)
    {
        foreach (var loader in new[] { config.BiosLoader, config.UefiLoader })
        {
            if (!File.Exists(Path.Combine(config.IpxeDirectory, loader)))
                Log.Error("{Directory}/{Loader} is missing: machines of that firmware cannot boot; install Debian's package ipxe", config.IpxeDirectory, loader);
        }
    }

    private static void Announce(WebApplication app, AgentConfig config)
    {
        var url = app.Urls.First();
        var kernelLog = app.Services.GetRequiredService<KernelLogService>();
        app.Services.GetRequiredService<PushEndpoints>().ServeAt(new Uri(app.Urls.Last()).Port, kernelLog.Port);
        app.Services.GetRequiredService<BootReporter>().ServesAt(url, app.Urls.FirstOrDefault(u => u.Contains('[', StringComparison.Ordinal)) ?? "");
        var (dhcp, tftp) = (app.Services.GetRequiredService<DhcpService>(), app.Services.GetRequiredService<TftpService>());
        if (config.EventSinkPort is not null)
            Log.Information("events are taken at {Url}", app.Urls.Last());
        if (config.KernelLogPort is not null)
            Log.Information("kernel logs are taken at {Address} port {Port}", config.Address.ToString(), kernelLog.Port);
        Log.Information("ready: rack {Rack}, DHCP {Mode} on {Address} port {DhcpPort}, TFTP port {TftpPort}, HTTP {Url}",
            config.Rack, config.DhcpMode, config.Address.ToString(), dhcp.Port, tftp.Port, url);
    }
}
