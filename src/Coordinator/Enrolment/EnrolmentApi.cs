using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>Tokens for operators, certificates for agents.</summary>
internal sealed class EnrolmentApi(TokenStore tokens, AgentEnrolment enrolment, CoordinatorCa ca, IGrainFactory grains, TimeProvider time)
    : EnrolmentService.EnrolmentServiceBase
{
    private const int DefaultPage = 100, MaxPage = 1000;
    private static readonly TimeSpan DefaultTtl = TimeSpan.FromHours(1), MaxTtl = TimeSpan.FromDays(30);

    public override async Task<CreateTokenResponse> CreateToken(CreateTokenRequest request, ServerCallContext context)
    {
        if (!Names.IsResourceName(request.Rack))
            throw Invalid($"rack: '{request.Rack}' is not a name: use lower-case letters, digits and dashes, at most 63.");
        if (request.TtlSeconds < 0 || request.TtlSeconds > MaxTtl.TotalSeconds)
            throw Invalid($"ttl_seconds: {request.TtlSeconds} is out of range: at least 1, at most {MaxTtl.TotalSeconds} (30 days); 0 means one hour.");
        await EnsureRackAsync(request.Rack);

        var secret = TokenText.NewSecret();
        var token = await tokens.AddAsync(NewToken(request, secret, context.Caller()), context.CancellationToken)
            ?? throw new RpcException(new(StatusCode.AlreadyExists,
                $"request_id: '{request.RequestId}' made another token before, or one that cannot be used any more; choose a new request id."));
        return new() { Token = Message(token), Secret = new TokenText(token.Id, secret, ca.Fingerprint).ToString() };
    }

    public override async Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context)
    {
        if (request.PageSize < 0)
            throw Invalid($"page_size: {request.PageSize} is negative.");
        var size = request.PageSize == 0 ? DefaultPage : Math.Min(request.PageSize, MaxPage);
        var found = await tokens.ListAsync(request.PageToken, size + 1, context.CancellationToken);
        var page = found.Take(size).ToArray();
        return new()
        {
            Tokens = { page.Select(Message) },
            NextPageToken = found.Count > size ? page[^1].Id : "",
        };
    }

    public override async Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context)
    {
        while (await tokens.ReadAsync(request.Id, context.CancellationToken) is { } read)
        {
            if (read.Token.UseTime is { } used)
                throw new RpcException(new(StatusCode.FailedPrecondition, $"The token {request.Id} was used at {used:u}; there is nothing left to revoke."));
            if (read.Token.Revoked || await tokens.ChangeAsync(read, read.Token with { Revoked = true }, context.CancellationToken))
                return new();
        }
        throw new RpcException(new(StatusCode.NotFound, $"There is no token '{request.Id}'; `cozyfleet token list` has all of them."));
    }

    public override async Task<EnrolAgentResponse> EnrolAgent(EnrolAgentRequest request, ServerCallContext context)
    {
        var (rack, certificate) = await enrolment.EnrolAsync(request, context.CancellationToken);
        return new() { Rack = rack, Certificate = ByteString.CopyFrom(certificate), CaCertificate = ByteString.CopyFrom(ca.CertificateDer) };
    }

    public override async Task<RenewAgentCertificateResponse> RenewAgentCertificate(RenewAgentCertificateRequest request, ServerCallContext context)
    {
        if (context.Caller() is not Caller.Agent agent)
            throw new RpcException(new(StatusCode.PermissionDenied, "Only an agent can renew its certificate."));
        var certificate = await enrolment.RenewAsync(agent, request.CertificateSigningRequest.ToByteArray(), context.CancellationToken);
        return new() { Certificate = ByteString.CopyFrom(certificate), CaCertificate = ByteString.CopyFrom(ca.CertificateDer) };
    }

    private TokenRecord NewToken(CreateTokenRequest request, string secret, Caller asker)
    {
        var now = time.GetUtcNow();
        var ttl = request.TtlSeconds == 0 ? DefaultTtl : TimeSpan.FromSeconds(request.TtlSeconds);
        var id = TokenStore.NewId((asker as Caller.Operator)?.Name ?? "", request.RequestId);
        return new(id, request.Rack, now, now + ttl, [TokenRecord.Hash(secret)]);
    }

    private async Task EnsureRackAsync(string name)
    {
        var rack = grains.GetGrain<IRackGrain>(name);
        if (await rack.Get() is not null)
            return;
        var now = time.GetUtcNow();
        var answer = await rack.Create(new(), new ResourceMetadata(name, Guid.CreateVersion7(now).ToString(), now), validateOnly: false);
        if (!answer.Accepted(out _, out var refusal) && refusal.Kind != RefusalKind.AlreadyExists)
            throw new RpcException(new(StatusCode.FailedPrecondition, $"The rack {name} could not be created: {refusal.Message}"));
    }

    private static Token Message(TokenRecord token) => new()
    {
        Id = token.Id,
        Rack = token.Rack,
        CreateTime = Timestamp.FromDateTimeOffset(token.CreateTime),
        ExpireTime = Timestamp.FromDateTimeOffset(token.ExpireTime),
        UseTime = token.UseTime is { } used ? Timestamp.FromDateTimeOffset(used) : null,
        Revoked = token.Revoked,
    };

    private static RpcException Invalid(string message) => new(new(StatusCode.InvalidArgument, message));
}
