using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;

namespace Cozy.Fleet.Coordinator.Api.Errors;

/// <summary>Everything that is wrong with a request, so that a client hears all of it at once.</summary>
internal sealed class Problems
{
    private readonly List<(string Field, string Text)> found = [];

    public IReadOnlyList<(string Field, string Text)> Found => found;

    /// <param name="field">The path, such as <c>spec.assets[1].url</c>.</param>
    /// <param name="text">What is wrong with it and what would be right.</param>
    public void Add(string field, string text) => found.Add((field, text));

    public void AddIf(bool wrong, string field, string text)
    {
        if (wrong)
            Add(field, text);
    }

    /// <exception cref="RpcException">INVALID_ARGUMENT with a BadRequest that names every field, when there is a problem.</exception>
    public void ThrowIfAny()
    {
        if (found.Count > 0)
            throw Exception();
    }

    public static RpcException Of(string field, string text)
    {
        var problems = new Problems();
        problems.Add(field, text);
        return problems.Exception();
    }

    private RpcException Exception()
    {
        var details = new BadRequest();
        details.FieldViolations.Add(found.Select(p => new BadRequest.Types.FieldViolation { Field = p.Field, Description = p.Text }));
        return new RpcStatus
        {
            Code = (int)Code.InvalidArgument,
            Message = string.Join("; ", found.Select(p => $"{p.Field}: {p.Text}")) + ".",
            Details = { Any.Pack(details) },
        }.ToRpcException();
    }
}
