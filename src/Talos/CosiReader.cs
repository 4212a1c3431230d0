using System.Globalization;
using Cozy.Fleet.Talos.Api.Cosi;
using Google.Protobuf;
using Grpc.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Talos;

/// <summary>A resource as <c>talosctl get -o yaml</c> shows it.</summary>
internal sealed record CosiResource(string Id, YamlNode Spec)
{
    /// <summary>
    /// The spec's message, where the YAML form differs by version or is not exact: a machine config is a mapping up to 1.11 and a string
    /// from 1.12 (talos.md 2.2). Empty where the node does not fill it.
    /// </summary>
    public ByteString Bytes { get; init; } = ByteString.Empty;

    public static CosiResource From(Resource resource)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(resource.Spec?.YamlSpec ?? ""));
        return new(resource.Metadata.Id, stream.Documents is [var document, ..] ? document.RootNode : new YamlMappingNode())
        {
            Bytes = resource.Spec?.ProtoSpec ?? ByteString.Empty,
        };
    }

    public string Text(params string[] path)
    {
        YamlNode? at = Spec;
        foreach (var key in path)
            at = at is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;
        return (at as YamlScalarNode)?.Value ?? "";
    }

    /// <summary>A list of values; empty when there is none.</summary>
    public IReadOnlyList<string> Texts(string key) =>
        Spec is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) && value is YamlSequenceNode list
            ? [.. list.OfType<YamlScalarNode>().Select(item => item.Value ?? "")] : [];

    public bool Flag(params string[] path) => Text(path) == "true";

    public ulong Number(params string[] path) =>
        ulong.TryParse(Text(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

/// <summary>
/// Reads COSI resources (talos.md 2). A type that the node does not know is answered with PermissionDenied (trap 13); here it
/// is as absent as a resource that is not there.
/// </summary>
internal sealed class CosiReader(CallInvoker invoker, CancellationToken cancellation)
{
    private readonly State.StateClient client = new(invoker);

    public async Task<CosiResource?> GetAsync(string @namespace, string type, string id)
    {
        try
        {
            var answer = await client.GetAsync(new() { Namespace = @namespace, Type = type, Id = id }, cancellationToken: cancellation);
            return CosiResource.From(answer.Resource);
        }
        catch (RpcException exception) when (IsAbsent(exception.StatusCode))
        {
            return null;
        }
    }

    public async Task<List<CosiResource>> ListAsync(string @namespace, string type)
    {
        var found = new List<CosiResource>();
        try
        {
            using var call = client.List(new() { Namespace = @namespace, Type = type }, cancellationToken: cancellation);
            await foreach (var answer in call.ResponseStream.ReadAllAsync(cancellation))
                found.Add(CosiResource.From(answer.Resource));
        }
        catch (RpcException exception) when (IsAbsent(exception.StatusCode))
        {
            found.Clear();
        }
        return found;
    }

    /// <summary>The protobuf form of a resource that must be there.</summary>
    public async Task<Google.Protobuf.ByteString> BytesAsync(string @namespace, string type, string id)
    {
        var answer = await client.GetAsync(new() { Namespace = @namespace, Type = type, Id = id }, cancellationToken: cancellation);
        return answer.Resource.Spec.ProtoSpec;
    }

    private static bool IsAbsent(StatusCode code) =>
        code is StatusCode.NotFound or StatusCode.PermissionDenied or StatusCode.Unimplemented;
}
