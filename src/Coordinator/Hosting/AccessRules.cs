using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Who may call what (docs/architecture.md). Everything that is not allowed is refused.</summary>
internal static class AccessRules
{
    private const string Enrol = "/cozy.fleet.v1.EnrolmentService/EnrolAgent";
    private const string Renew = "/cozy.fleet.v1.EnrolmentService/RenewAgentCertificate";
    private const string Session = "/cozy.fleet.v1.AgentSessionService/";
    private const string Fleet = "/cozy.fleet.v1.";
    private const string Health = "/grpc.health.v1.Health/";
    private const string Reflection = "/grpc.reflection.";

    /// <summary>Null when the caller may call the method.</summary>
    public static Status? Refusal(Caller caller, string method)
    {
        if (Is(method, Health))
            return null;
        var agents = Is(method, Session) || method == Renew;
        return caller switch
        {
            Caller.Operator o => !agents && (Is(method, Fleet) || Is(method, Reflection))
                ? null : Denied($"{method} is for agents, and {o.Name} is an operator: use an operator's method, `cozyfleet --help` has them."),
            Caller.Agent a => agents
                ? null : Denied($"{method} is for operators, and the certificate belongs to the agent of rack {a.Rack}: use an operator's context file."),
            _ => method == Enrol ? null : new Status(StatusCode.Unauthenticated, agents
                ? $"{method} needs an agent's certificate: enrol the agent with a token from `cozyfleet token create`."
                : $"{method} needs an operator's certificate: use a context file, such as the admin.yaml in the coordinator's data directory."),
        };
    }

    private static bool Is(string method, string prefix) => method.StartsWith(prefix, StringComparison.Ordinal);

    private static Status Denied(string message) => new(StatusCode.PermissionDenied, message);
}
