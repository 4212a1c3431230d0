using Cozy.Fleet.Domain;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;

namespace Cozy.Fleet.Coordinator.Api.Errors;

/// <summary>A refusal of the domain as a gRPC status: the sentence as message, the field and the kind as details.</summary>
internal static class Refusals
{
    public const string Domain = "fleet.cozy";

    public static RpcException ToRpc(this Refusal refusal)
    {
        var status = new RpcStatus { Code = (int)CodeOf(refusal.Kind), Message = refusal.Message };
        var info = new ErrorInfo { Domain = Domain, Reason = CodeOf(refusal.Kind).ToString() };
        if (refusal.Field != "")
            info.Metadata["field"] = refusal.Field;
        status.Details.Add(Any.Pack(info));
        if (refusal is { Kind: RefusalKind.InvalidArgument, Field: not "" })
        {
            var violation = new BadRequest.Types.FieldViolation { Field = refusal.Field, Description = refusal.Message };
            status.Details.Add(Any.Pack(new BadRequest { FieldViolations = { violation } }));
        }
        return status.ToRpcException();
    }

    /// <summary>The value, or the refusal as exception: here the domain's answer leaves the process.</summary>
    public static T Unwrap<T>(this Answer<T> answer)
        where T : class => answer.Accepted(out var value, out var refusal) ? value : throw refusal.ToRpc();

    public static RpcException NotFound(string what, string name) =>
        new Refusal(RefusalKind.NotFound, $"there is no {what} {name}.").ToRpc();

    public static Refusal Conflict(string what) =>
        new(RefusalKind.Aborted, $"the {what} was changed in between; read it again.", "etag");

    private static Code CodeOf(RefusalKind kind) => kind switch
    {
        RefusalKind.InvalidArgument => Code.InvalidArgument,
        RefusalKind.NotFound => Code.NotFound,
        RefusalKind.AlreadyExists => Code.AlreadyExists,
        RefusalKind.FailedPrecondition => Code.FailedPrecondition,
        RefusalKind.Aborted => Code.Aborted,
        RefusalKind.PermissionDenied => Code.PermissionDenied,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no status code for this refusal."),
    };
}
