using System.Collections;
using Cozy.Fleet.Cli.Connect;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>The calls that every kind has.</summary>
internal sealed class ResourceCalls(Connection connection)
{
    private const int PageSize = 500;

    /// <summary>Null when there is none of that name.</summary>
    public async Task<IMessage?> FindAsync(Kind kind, string name, CancellationToken cancellation)
    {
        try
        {
            return await OneAsync(kind, $"Get{kind.Name}", new() { ["name"] = name }, cancellation);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    public async Task<IMessage> GetAsync(Kind kind, string name, CancellationToken cancellation) =>
        await OneAsync(kind, $"Get{kind.Name}", new() { ["name"] = name }, cancellation);

    public async Task<IReadOnlyList<IMessage>> ListAsync(Kind kind, string filter, CancellationToken cancellation)
    {
        var found = new List<IMessage>();
        var token = "";
        do
        {
            var page = await CallAsync(
                kind, $"List{kind.ListName}", new() { ["page_size"] = PageSize, ["page_token"] = token, ["filter"] = filter }, cancellation);
            found.AddRange(((IEnumerable)DynamicCall.Field(page, kind.ListField)!).Cast<IMessage>());
            token = (string)DynamicCall.Field(page, "next_page_token")!;
        }
        while (token != "");
        return found;
    }

    public AsyncServerStreamingCall<IMessage> Watch(Kind kind, string filter, string resumeToken, CancellationToken cancellation) =>
        DynamicCall.Stream(
            connection.Calls,
            Method(kind, $"Watch{kind.ListName}"),
            new Dictionary<string, object> { ["filter"] = filter, ["resume_token"] = resumeToken },
            cancellation);

    public Task<IMessage> CreateAsync(Kind kind, IMessage resource, bool validateOnly, CancellationToken cancellation) =>
        WriteAsync(kind, $"Create{kind.Name}", Write(kind, resource, validateOnly), cancellation);

    public Task<IMessage> UpdateAsync(Kind kind, IMessage resource, bool validateOnly, CancellationToken cancellation)
    {
        var fields = Write(kind, resource, validateOnly);
        if (kind.CanCreate)
            fields["allow_missing"] = true;
        return WriteAsync(kind, $"Update{kind.Name}", fields, cancellation);
    }

    public Task DeleteAsync(Kind kind, string name, CancellationToken cancellation) =>
        CallAsync(kind, $"Delete{kind.Name}", new() { ["name"] = name, ["request_id"] = RequestId() }, cancellation);

    /// <summary>A new one for each thing that a person asked for: a repeated call is answered with the first result.</summary>
    public static string RequestId() => Guid.NewGuid().ToString();

    private static Dictionary<string, object> Write(Kind kind, IMessage resource, bool validateOnly) =>
        new() { [kind.Field] = resource, ["request_id"] = RequestId(), ["validate_only"] = validateOnly };

    // A check alone may answer without the resource: then it would be what was sent.
    private async Task<IMessage> WriteAsync(Kind kind, string method, Dictionary<string, object> fields, CancellationToken cancellation) =>
        DynamicCall.Field(await CallAsync(kind, method, fields, cancellation), kind.Field) as IMessage
            ?? (IMessage)fields[kind.Field];

    private async Task<IMessage> OneAsync(Kind kind, string method, Dictionary<string, object> fields, CancellationToken cancellation) =>
        (IMessage)DynamicCall.Field(await CallAsync(kind, method, fields, cancellation), kind.Field)!;

    private Task<IMessage> CallAsync(Kind kind, string method, Dictionary<string, object> fields, CancellationToken cancellation) =>
        DynamicCall.UnaryAsync(connection.Calls, Method(kind, method), fields, cancellation);

    private static MethodDescriptor Method(Kind kind, string name) => kind.Service.FindMethodByName(name);
}
