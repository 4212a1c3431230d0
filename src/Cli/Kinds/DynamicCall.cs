using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>Calls a method by its descriptor: `Get` of any kind is the same code.</summary>
internal static class DynamicCall
{
    /// <summary>Far longer than any answer takes; a coordinator that hangs must not hang its operator.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static async Task<IMessage> UnaryAsync(
        CallInvoker calls, MethodDescriptor method, IReadOnlyDictionary<string, object> fields, CancellationToken cancellation)
    {
        // The deadline is the transport's: it counts on the machine's clock, whatever clock the program is given.
        var options = new CallOptions(deadline: (TimeProvider.System.GetUtcNow() + Limit).UtcDateTime, cancellationToken: cancellation);
        return await calls.AsyncUnaryCall(Callable(method, MethodType.Unary), host: null, options, Request(method, fields));
    }

    public static AsyncServerStreamingCall<IMessage> Stream(
        CallInvoker calls, MethodDescriptor method, IReadOnlyDictionary<string, object> fields, CancellationToken cancellation) =>
        calls.AsyncServerStreamingCall(
            Callable(method, MethodType.ServerStreaming), host: null, new CallOptions(cancellationToken: cancellation),
                Request(method, fields));

    public static object? Field(IMessage message, string name) => message.Descriptor.FindFieldByName(name).Accessor.GetValue(message);

    private static Method<IMessage, IMessage> Callable(MethodDescriptor method, MethodType type) =>
        new(type, method.Service.FullName, method.Name, Marshaller(method.InputType), Marshaller(method.OutputType));

    private static Marshaller<IMessage> Marshaller(MessageDescriptor type) =>
        new(message => message.ToByteArray(), type.Parser.ParseFrom);

    private static IMessage Request(MethodDescriptor method, IReadOnlyDictionary<string, object> fields)
    {
        var request = method.InputType.Parser.ParseFrom(ByteString.Empty);
        foreach (var (name, value) in fields)
            method.InputType.FindFieldByName(name).Accessor.SetValue(request, value);
        return request;
    }
}
