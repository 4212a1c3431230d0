using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Primitives;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cozy.Fleet.Coordinator.Api.Reading;

/// <summary>A filter over messages of one type.</summary>
internal sealed class MessageFilter
{
    private readonly Filter filter;

    private MessageFilter(Filter filter) => this.filter = filter;

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: it cannot be read, or names a field that there is not.</exception>
    public static MessageFilter Parse(string text, MessageDescriptor message)
    {
        if (!Filter.TryParse(text, out var filter, out var refusal))
            throw Problems.Of("filter", refusal.Replace("filter: ", "", StringComparison.Ordinal).TrimEnd('.'));
        // A misspelt path would match nothing, or with != everything; both look like an answer.
        if (filter.Paths.FirstOrDefault(path => !MessageFields.Exists(message, path)) is { } unknown)
            throw Problems.Of("filter", $"'{unknown}' is not a field of {message.Name}");
        return new(filter);
    }

    public bool Matches(IMessage message) => filter.Matches(path => MessageFields.Values(message, path));
}
