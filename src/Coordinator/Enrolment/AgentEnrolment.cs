using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Racks;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>Issues certificates to agents: for a token once, for the present certificate again and again.</summary>
internal sealed partial class AgentEnrolment : IDisposable
{
    public const string MeterName = "Cozy.Fleet.Coordinator";

    private const string Remedy = "Make another one with `cozyfleet token create`.";
    private const int MaxRequestLength = 16 * 1024;

    private readonly TokenStore tokens;
    private readonly CoordinatorCa ca;
    private readonly IGrainFactory grains;
    private readonly IEventLog events;
    private readonly TimeProvider time;
    private readonly ILogger<AgentEnrolment> log;
    private readonly Meter meter = new(MeterName);
    private readonly Counter<long> enrolments;

    public AgentEnrolment(
        TokenStore tokens, CoordinatorCa ca, IGrainFactory grains, IEventLog events, TimeProvider time, ILogger<AgentEnrolment> log)
    {
        (this.tokens, this.ca, this.grains, this.events, this.time, this.log) = (tokens, ca, grains, events, time, log);
        enrolments = meter.CreateCounter<long>("cozy_fleet_enrolments", description: "Attempts of agents to enrol, by outcome");
    }

    public void Dispose() => meter.Dispose();

    /// <exception cref="RpcException">The token or the request is refused; the message says why.</exception>
    public async Task<(string Rack, byte[] Certificate)> EnrolAsync(EnrolAgentRequest request, CancellationToken cancellation)
    {
        var read = await FindAsync(request.Token, cancellation);
        var rack = read.Token.Rack;
        if (await grains.GetGrain<IRackGrain>(rack).Get() is null)
            throw Refuse("rack-deleted", StatusCode.FailedPrecondition, $"The rack {rack} was deleted since the token was made. {Remedy}");
        var certificate = Issue(rack, request.CertificateSigningRequest.ToByteArray());

        // Only now, and only from what was read: the token is used up by success, and of two agents that race one gets it.
        var used = read.Token with { UseTime = time.GetUtcNow() };
        if (!await tokens.ChangeAsync(read, used, cancellation))
            throw Refuse("used", StatusCode.FailedPrecondition, $"The token {used.Id} was used or revoked in this moment by somebody else. {Remedy}");
        await events.AppendAsync(new(time.GetUtcNow(), Domain.Events.EventSeverity.Normal, $"racks/{rack}", "AgentEnrolled",
            $"An agent, version {Short(request.AgentVersion)}, enrolled with token {used.Id}."), cancellation);
        Count("enrolled");
        return (rack, certificate);
    }

    /// <exception cref="RpcException">The request is refused, or the rack does not exist any more.</exception>
    public async Task<byte[]> RenewAsync(Caller.Agent agent, byte[] certificateSigningRequest, CancellationToken cancellation)
    {
        if (await grains.GetGrain<IRackGrain>(agent.Rack).Get() is null)
            throw Refuse("rack-deleted", StatusCode.FailedPrecondition, $"The rack {agent.Rack} was deleted; its agent gets no new certificate.");
        cancellation.ThrowIfCancellationRequested();
        var certificate = Issue(agent.Rack, certificateSigningRequest);
        Count("renewed");
        return certificate;
    }

    // What is said before the secret was right must not tell a guesser anything.
    private async Task<StoredToken> FindAsync(string text, CancellationToken cancellation)
    {
        if (TokenText.TryParse(text) is not { } token)
            throw Refuse("malformed", StatusCode.InvalidArgument, $"That is not a token: expected cozy1.ID.SECRET.PIN. {Remedy}");
        if (!string.Equals(token.Pin, ca.Fingerprint, StringComparison.OrdinalIgnoreCase))
            throw Refuse("other-coordinator", StatusCode.Unauthenticated, $"The token was made by another coordinator. {Remedy}");
        var read = await tokens.ReadAsync(token.Id, cancellation);
        if (read is null || !read.Token.Knows(token.Secret))
            throw Refuse("wrong", StatusCode.Unauthenticated, $"The token is wrong: this coordinator did not make it. {Remedy}");
        if (read.Token.Refusal(time.GetUtcNow()) is { } reason)
            throw Refuse(Outcome(read.Token), StatusCode.FailedPrecondition, $"{reason} {Remedy}");
        return read;
    }

    private byte[] Issue(string rack, byte[] request)
    {
        if (request.Length > MaxRequestLength)
            throw Refuse("bad-request", StatusCode.InvalidArgument, $"certificate_signing_request: longer than {MaxRequestLength} bytes.");
        try
        {
            using var certificate = ca.IssueAgent(rack, request);
            return certificate.RawData;
        }
        catch (Exception cause) when (cause is CryptographicException or ArgumentException or NotSupportedException)
        {
            throw Refuse("bad-request", StatusCode.InvalidArgument,
                $"certificate_signing_request: not a PKCS #10 request that is signed by its own key ({cause.Message})");
        }
    }

    private static string Outcome(TokenRecord token) => token switch
    {
        { UseTime: not null } => "used",
        { Revoked: true } => "revoked",
        _ => "expired",
    };

    private RpcException Refuse(string outcome, StatusCode code, string message)
    {
        Count(outcome);
        LogRefused(outcome);
        return new(new(code, message));
    }

    private void Count(string outcome) => enrolments.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    // It comes from whoever holds a token, and goes into a sentence.
    private static string Short(string version) =>
        version is { Length: > 0 and <= 40 } && version.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '+') ? version : "unknown";

    [LoggerMessage(LogLevel.Information, "an enrolment was refused: {Outcome}")]
    private partial void LogRefused(string outcome);
}
