using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The tokens of the fleet double.</summary>
internal sealed class EnrolmentDouble(FleetDouble fleet) : EnrolmentService.EnrolmentServiceBase
{
    public override Task<CreateTokenResponse> CreateToken(CreateTokenRequest request, ServerCallContext context)
    {
        var now = fleet.Time.GetUtcNow();
        var token = new Token
        {
            Id = $"t{fleet.Tokens.Count + 1}", Rack = request.Rack, CreateTime = Timestamp.FromDateTimeOffset(now),
            ExpireTime = Timestamp.FromDateTimeOffset(now.AddSeconds(request.TtlSeconds == 0 ? 3600 : request.TtlSeconds)),
        };
        fleet.Tokens.Add(token);
        return Task.FromResult(new CreateTokenResponse { Token = token, Secret = $"cozy1.{token.Id}.secret.pin" });
    }

    public override Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context) =>
        Task.FromResult(new ListTokensResponse { Tokens = { fleet.Tokens } });

    public override Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context)
    {
        var token = fleet.Tokens.SingleOrDefault(one => one.Id == request.Id)
            ?? throw new RpcException(new(StatusCode.NotFound, $"there is no token '{request.Id}'."));
        token.Revoked = true;
        return Task.FromResult(new RevokeTokenResponse());
    }
}
