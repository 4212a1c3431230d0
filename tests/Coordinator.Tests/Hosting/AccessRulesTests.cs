using Cozy.Fleet.Coordinator.Hosting;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Hosting;

public sealed class AccessRulesTests
{
    private const string Node = "/cozy.fleet.v1.NodeService/ListNodes";
    private const string Token = "/cozy.fleet.v1.EnrolmentService/CreateToken";
    private const string Enrol = "/cozy.fleet.v1.EnrolmentService/EnrolAgent";
    private const string Renew = "/cozy.fleet.v1.EnrolmentService/RenewAgentCertificate";
    private const string Session = "/cozy.fleet.v1.AgentSessionService/Connect";
    private const string Health = "/grpc.health.v1.Health/Check";
    private const string Reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    private const string Unknown = "/another.Service/Method";

    private static readonly Caller Operator = new Caller.Operator("ann");
    private static readonly Caller Agent = new Caller.Agent("r1", "01", DateTimeOffset.UnixEpoch);
    private static readonly Caller Nobody = new Caller.Nobody();

    public static TheoryData<string, StatusCode, StatusCode, StatusCode> Table => new()
    {
        // Method, operator, agent, nobody.
        { Node, StatusCode.OK, StatusCode.PermissionDenied, StatusCode.Unauthenticated },
        { Token, StatusCode.OK, StatusCode.PermissionDenied, StatusCode.Unauthenticated },
        { Enrol, StatusCode.OK, StatusCode.PermissionDenied, StatusCode.OK },
        { Renew, StatusCode.PermissionDenied, StatusCode.OK, StatusCode.Unauthenticated },
        { Session, StatusCode.PermissionDenied, StatusCode.OK, StatusCode.Unauthenticated },
        { Health, StatusCode.OK, StatusCode.OK, StatusCode.OK },
        { Reflection, StatusCode.OK, StatusCode.PermissionDenied, StatusCode.Unauthenticated },
        { Unknown, StatusCode.PermissionDenied, StatusCode.PermissionDenied, StatusCode.Unauthenticated },
    };

    [Theory, MemberData(nameof(Table))]
    public void Every_caller_has_its_methods(string method, StatusCode ofOperator, StatusCode ofAgent, StatusCode ofNobody) =>
        Assert.Equal((ofOperator, ofAgent, ofNobody), (Code(Operator, method), Code(Agent, method), Code(Nobody, method)));

    [Fact]
    public void A_refusal_says_who_calls_and_what_to_do()
    {
        Assert.Contains("agent of rack r1", AccessRules.Refusal(Agent, Node)?.Detail, StringComparison.Ordinal);
        Assert.Contains("ann is an operator", AccessRules.Refusal(Operator, Session)?.Detail, StringComparison.Ordinal);
        Assert.Contains("admin.yaml", AccessRules.Refusal(Nobody, Node)?.Detail, StringComparison.Ordinal);
        Assert.Contains("token create", AccessRules.Refusal(Nobody, Session)?.Detail, StringComparison.Ordinal);
    }

    private static StatusCode Code(Caller caller, string method) => AccessRules.Refusal(caller, method)?.StatusCode ?? StatusCode.OK;
}
