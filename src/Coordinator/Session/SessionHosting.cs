namespace Cozy.Fleet.Coordinator.Session;

/// <summary>The agents' side of the API.</summary>
internal static class SessionHosting
{
    public static IEndpointRouteBuilder MapAgentSessions(this IEndpointRouteBuilder app)
    {
        app.MapGrpcService<AgentSessionApi>();
        return app;
    }
}
