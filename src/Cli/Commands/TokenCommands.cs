using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`token`: the one-time tokens with which agents enrol.</summary>
internal static class TokenCommands
{
    public static Command Create(Shell shell) => new("token", "Makes, lists and revokes the one-time tokens with which agents enrol.")
    {
        New(shell), List(shell), Revoke(shell),
    };

    private static Command New(Shell shell)
    {
        var rack = new Option<string>("--rack") { Description = "The rack that the agent will serve.", HelpName = "RACK", Required = true };
        var ttl = Parameters.Span("--ttl", "How long it can be used, at most 30d; without it 1h.");
        return new Command("create", "Makes a token; the last line of the output is the secret, which is shown only now.") { rack, ttl }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                var request = new CreateTokenRequest
                {
                    Rack = arguments.GetRequiredValue(rack),
                    TtlSeconds = (long)arguments.GetValue(ttl).TotalSeconds,
                    RequestId = ResourceCalls.RequestId(),
                };
                var made = await Client(session).CreateTokenAsync(request, cancellationToken: cancellation);
                await session.Terminal.Error.WriteLineAsync(
                    $"Token {made.Token.Id} enrols the agent of rack {made.Token.Rack} once, until {Words.Time(made.Token.ExpireTime)}.");
                await session.PrintAsync(made.Secret);
                return ExitCode.Ok;
            }));
    }

    private static Command List(Shell shell) => new Command("list", "Lists tokens, without their secrets.")
        .With(shell.Run(async (session, _, cancellation) =>
        {
            var tokens = new List<Token>();
            var request = new ListTokensRequest();
            do
            {
                var page = await Client(session).ListTokensAsync(request, cancellationToken: cancellation);
                tokens.AddRange(page.Tokens);
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken != "");
            var now = session.Terminal.Now();
            await session.PrintAsync(Table.Rows(["ID", "RACK", "STATE", "EXPIRES", "AGE"], tokens.Select(token => Row(token, now))));
            return ExitCode.Ok;
        }));

    private static Command Revoke(Shell shell)
    {
        var id = new Argument<string>("ID") { Description = "The token's id, as `token list` shows it." };
        return new Command("revoke", "Makes a token useless; agents that enrolled with it go on.") { id }
            .With(shell.Run(async (session, arguments, cancellation) =>
            {
                await Client(session).RevokeTokenAsync(new() { Id = arguments.GetRequiredValue(id) }, cancellationToken: cancellation);
                await session.PrintAsync($"token/{arguments.GetRequiredValue(id)} revoked");
                return ExitCode.Ok;
            }));
    }

    private static IReadOnlyList<string> Row(Token token, DateTimeOffset now) =>
        [token.Id, token.Rack, State(token, now), Words.Time(token.ExpireTime), Words.Age(token.CreateTime, now)];

    private static string State(Token token, DateTimeOffset now) =>
        token.Revoked ? "revoked"
        : token.UseTime is not null ? "used"
        : token.ExpireTime?.ToDateTimeOffset() < now ? "expired"
        : "usable";

    private static EnrolmentService.EnrolmentServiceClient Client(Session session) => new(session.Calls);
}
