using System.Threading.Channels;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Commands;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Polly;
using Polly.Retry;

namespace Cozy.Fleet.Agent.Session;

/// <summary>The one connection to the coordinator: enrols once, then connects, and connects again whenever it is lost.</summary>
internal sealed partial class SessionLoop : BackgroundService
{
    public const string AgentVersion = "0.1.0";

    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(5);

    // A coordinator that accepts and then says nothing is as bad as none.
    private static readonly TimeSpan WelcomeLimit = TimeSpan.FromSeconds(15);

    private readonly AgentConfig config;
    private readonly AgentIdentity identity;
    private readonly Journal journal;
    private readonly DesiredStateStore desired;
    private readonly CommandExecutor commands;
    private readonly Observer observer;
    private readonly BootReporter reporter;
    private readonly AssetCache assets;
    private readonly LeaseTable leases;
    private readonly RefusalCounters refused;
    private readonly TimeProvider clock;
    private readonly IHostApplicationLifetime lifetime;
    private readonly Random chance;
    private readonly ILogger<SessionLoop> log;
    private readonly ResiliencePipeline reconnect;

    public SessionLoop(AgentConfig config, AgentIdentity identity, Journal journal, DesiredStateStore desired, CommandExecutor commands,
        Observer observer, BootReporter reporter, AssetCache assets, LeaseTable leases, RefusalCounters refused, TimeProvider clock,
        Random chance, IHostApplicationLifetime lifetime, ILogger<SessionLoop> log)
    {
        (this.config, this.identity, this.journal, this.desired) = (config, identity, journal, desired);
        (this.commands, this.observer, this.reporter, this.assets) = (commands, observer, reporter, assets);
        (this.leases, this.refused, this.clock, this.log) = (leases, refused, clock, log);
        (this.chance, this.lifetime) = (chance, lifetime);
        reconnect = new ResiliencePipelineBuilder { TimeProvider = clock }.AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = int.MaxValue,
            DelayGenerator = retry => new(ReconnectDelay.After(retry.AttemptNumber, chance.NextDouble())),
            // Whatever broke a session, machines go on booting and the next session is another matter.
            ShouldHandle = new PredicateBuilder().Handle<Exception>(e => e is not (EnrolmentException or OperationCanceledException)),
            OnRetry = retry =>
            {
                LogLost(Reason(retry.Outcome.Exception!), retry.RetryDelay.TotalSeconds);
                return default;
            },
        }).Build();
    }

    /// <summary>Why this agent will never have a session: it could not enrol. Null otherwise.</summary>
    public EnrolmentException? Refusal { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (config.CoordinatorEndpoint is null)
        {
            LogAlone();
            return;
        }
        try
        {
            // One pass of the pipeline lasts until a session was welcomed and lost; the next pass starts with a short wait again.
            while (true)
            {
                var lost = await reconnect.ExecuteAsync(async token => await ConnectAsync(token), stoppingToken);
                var delay = ReconnectDelay.After(0, chance.NextDouble());
                LogLost(Reason(lost), delay.TotalSeconds);
                await Task.Delay(delay, clock, stoppingToken);
            }
        }
        catch (EnrolmentException refusal)
        {
            Refusal = refusal;
            lifetime.StopApplication();
        }
    }

    /// <summary>Enrols when needed and holds a session.</summary>
    /// <returns>What ended the session, after it had been welcomed; a session that never came to be is an exception.</returns>
    private async Task<Exception> ConnectAsync(CancellationToken cancellation)
    {
        if (!identity.IsEnrolled)
        {
            await identity.EnrolAsync(AgentVersion, cancellation);
            LogEnrolled(config.Rack);
        }
        using var channel = identity.Dial();
        if (identity.NeedsRenewal)
            await identity.RenewAsync(channel, cancellation);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var call = new AgentSessionService.AgentSessionServiceClient(channel).Connect(cancellationToken: ending.Token);
        var welcome = await GreetAsync(call, ending.Token).WaitAsync(WelcomeLimit, clock, cancellation);
        await journal.ContinueAfterAsync(welcome.AcknowledgedSequence);
        await journal.AcknowledgeAsync(welcome.AcknowledgedSequence);
        LogConnected(config.CoordinatorEndpoint!.ToString());
        try
        {
            await ExchangeAsync(call, welcome.AcknowledgedSequence, ending);
            return new IOException("the session ended");
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            return failure;
        }
    }

    private async Task<Welcome> GreetAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call, CancellationToken cancellation)
    {
        await call.RequestStream.WriteAsync(new() { Hello = Hello() }, cancellation);
        return await call.ResponseStream.MoveNext(cancellation) && call.ResponseStream.Current.Welcome is { } welcome
            ? welcome
            : throw new IOException("the coordinator did not welcome this session");
    }

    private async Task ExchangeAsync(
        AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call, ulong acknowledged, CancellationTokenSource ending)
    {
        // Three things write; the stream takes one message at a time.
        var outgoing = Channel.CreateBounded<ConnectRequest>(64);
        var work = new[]
        {
            WriteAsync(call.RequestStream, outgoing.Reader, ending.Token),
            SendReportsAsync(outgoing.Writer, acknowledged, ending.Token),
            SendHeartbeatsAsync(outgoing.Writer, ending.Token),
            ReadAsync(call.ResponseStream, ending.Token),
        };
        var first = await Task.WhenAny(work);
        await ending.CancelAsync();
        // The others end because the first one did; its reason is the one to tell.
        await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    private Hello Hello() => new()
    {
        Rack = config.Rack,
        AgentVersion = AgentVersion,
        JournalId = journal.Id,
        DesiredStateRevision = desired.Current?.Revision ?? 0,
        BootUrl = reporter.BootUrl,
    };

    private static async Task WriteAsync(
        IClientStreamWriter<ConnectRequest> stream, ChannelReader<ConnectRequest> queue, CancellationToken cancellation)
    {
        await foreach (var message in queue.ReadAllAsync(cancellation))
            await stream.WriteAsync(message, cancellation);
    }

    private async Task SendReportsAsync(ChannelWriter<ConnectRequest> queue, ulong after, CancellationToken cancellation)
    {
        await foreach (var report in journal.ReadAsync(after, cancellation))
            await queue.WriteAsync(new() { Report = report }, cancellation);
    }

    private async Task SendHeartbeatsAsync(ChannelWriter<ConnectRequest> queue, CancellationToken cancellation)
    {
        while (true)
        {
            var heartbeat = new Heartbeat { Time = clock.GetUtcNow().ToTimestamp(), Leases = leases.Count };
            heartbeat.Refused.Add(refused.Snapshot().ToDictionary());
            heartbeat.Assets.AddRange(assets.States);
            await queue.WriteAsync(new() { Heartbeat = heartbeat }, cancellation);
            await Task.Delay(HeartbeatInterval, clock, cancellation);
        }
    }

    private async Task ReadAsync(IAsyncStreamReader<ConnectResponse> stream, CancellationToken cancellation)
    {
        while (await stream.MoveNext(cancellation))
        {
            var message = stream.Current;
            switch (message.MessageCase)
            {
                case ConnectResponse.MessageOneofCase.Ack:
                    await journal.AcknowledgeAsync(message.Ack.Sequence);
                    break;
                case ConnectResponse.MessageOneofCase.DesiredState:
                    await desired.ReplaceAsync(message.DesiredState, cancellation);
                    LogDesiredState(message.DesiredState.Revision, message.DesiredState.Nodes.Count);
                    break;
                case ConnectResponse.MessageOneofCase.Observation:
                    observer.Take(message.Observation);
                    break;
                case ConnectResponse.MessageOneofCase.Command:
                    await commands.TakeAsync(message.Command);
                    break;
                default:
                    break; // A newer coordinator may say things that we do not know.
            }
        }
        throw new IOException("the coordinator ended the session");
    }

    private static string Reason(Exception failure) => failure switch
    {
        RpcException rpc => rpc.Status.Detail,
        TimeoutException => "the coordinator does not answer",
        _ => failure.Message,
    };

    [LoggerMessage(LogLevel.Warning, "no coordinator.endpoint is configured: machines boot by what is stored")]
    private partial void LogAlone();

    [LoggerMessage(LogLevel.Information, "enrolled for rack {Rack}")]
    private partial void LogEnrolled(string rack);

    [LoggerMessage(LogLevel.Information, "connected to {Endpoint}")]
    private partial void LogConnected(string endpoint);

    [LoggerMessage(LogLevel.Information, "desired state {Revision} with {Nodes} nodes is stored")]
    private partial void LogDesiredState(ulong revision, int nodes);

    [LoggerMessage(LogLevel.Warning, "no session with the coordinator: {Reason}; next try in {Seconds:0.0} s")]
    private partial void LogLost(string reason, double seconds);
}
