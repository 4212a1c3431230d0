using System.Collections;
using Cozy.Fleet.Coordinator.Api.Errors;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>Carries the fields of an update into the present resource. An empty mask, or *, is everything that may be written.</summary>
internal static class FieldMasks
{
    private static readonly string[] Whole = ["spec", "metadata.labels", "metadata.annotations"];

    // Set by calls of their own; with the whole spec in the mask they stay as they are.
    private static readonly string[] OutputOnly = ["spec.acceptance", "spec.bmc"];

    /// <summary>The present resource with the named fields of the update.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT that names each unknown or output-only path.</exception>
    public static T Merge<T>(T present, T update, FieldMask? mask)
        where T : class, IMessage<T>, IDeepCloneable<T>
    {
        IReadOnlyList<string> paths = mask is null or { Paths: [] } or { Paths: ["*"] } ? Whole : mask.Paths;
        Check(present.Descriptor, paths);
        var merged = present.Clone();
        foreach (var path in paths)
            Copy(update, merged, path.Split('.'));
        foreach (var path in OutputOnly.Where(path => Resolves(present.Descriptor, path.Split('.'))))
            Copy(present, merged, path.Split('.'));
        return merged;
    }

    private static void Check(MessageDescriptor message, IReadOnlyList<string> paths)
    {
        var problems = new Problems();
        foreach (var path in paths)
        {
            if (!Resolves(message, path.Split('.')))
                problems.Add("update_mask", $"'{path}' is not a field of {message.Name}");
            else if (!Whole.Any(allowed => Within(path, allowed)) || OutputOnly.Any(fixedOne => Within(path, fixedOne)))
                problems.Add("update_mask", $"'{path}' is output only");
        }
        problems.ThrowIfAny();
    }

    private static bool Within(string path, string parent) =>
        path == parent || path.StartsWith(parent + '.', StringComparison.Ordinal);

    private static bool Resolves(MessageDescriptor message, ReadOnlySpan<string> path)
    {
        if (message.FindFieldByName(path[0]) is not { } field)
            return false;
        return path.Length == 1 || (IsMessage(field) && Resolves(field.MessageType, path[1..]));
    }

    private static bool IsMessage(FieldDescriptor field) => field.FieldType == FieldType.Message && !field.IsRepeated;

    private static void Copy(IMessage from, IMessage to, ReadOnlySpan<string> path)
    {
        var field = from.Descriptor.FindFieldByName(path[0])!; // Checked above.
        if (path.Length == 1)
        {
            Replace(from, to, field);
            return;
        }
        var inner = (IMessage?)field.Accessor.GetValue(from) ?? Empty(field);
        if (field.Accessor.GetValue(to) is not IMessage target)
            field.Accessor.SetValue(to, target = Empty(field));
        Copy(inner, target, path[1..]);
    }

    private static IMessage Empty(FieldDescriptor field) => field.MessageType.Parser.ParseFrom(ByteString.Empty);

    private static void Replace(IMessage from, IMessage to, FieldDescriptor field)
    {
        field.Accessor.Clear(to);
        var value = field.Accessor.GetValue(from);
        if (field.IsMap)
        {
            var target = (IDictionary)field.Accessor.GetValue(to);
            foreach (DictionaryEntry entry in (IDictionary)value)
                target[entry.Key] = entry.Value;
        }
        else if (field.IsRepeated)
        {
            var target = (IList)field.Accessor.GetValue(to);
            foreach (var item in (IList)value)
                target.Add(item);
        }
        else if (!field.HasPresence || field.Accessor.HasValue(from))
        {
            field.Accessor.SetValue(to, value);
        }
    }
}
