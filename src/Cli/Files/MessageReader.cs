using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Cli.Files;

/// <summary>
/// Fills a message from a YAML tree by the message's descriptor, so that each field keeps its place in the file. Everything that is
/// wrong is collected.
/// </summary>
internal sealed class MessageReader(string file, FileErrors errors)
{
    private readonly Dictionary<string, Place> places = [];

    /// <summary>Where each field stands, by the path that the coordinator uses for it, such as `spec.assets[0].sha256`.</summary>
    public IReadOnlyDictionary<string, Place> Places => places;

    /// <param name="others">Keys that the caller reads by itself.</param>
    public void Fill(IMessage target, YamlMappingNode map, string path = "", params string[] others)
    {
        foreach (var (key, value) in map.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            if (others.Contains(name))
                continue;
            var field = target.Descriptor.Fields.InDeclarationOrder().FirstOrDefault(candidate => candidate.JsonName == name);
            if (field is null)
                Unknown(target.Descriptor, key, name, others);
            else if (!ScalarReader.IsNull(value))
                Field(target, field, value, Join(path, field.Name));
        }
    }

    private void Field(IMessage target, FieldDescriptor field, YamlNode node, string path)
    {
        places[path] = Place.Of(file, node.Start);
        if (OtherOfOneof(target, field) is { } other)
            Wrong(node, path, $"cannot be set together with {other.JsonName}");
        else if (field.IsMap)
            Map(target, field, node, path);
        else if (field.IsRepeated)
            List(target, field, node, path);
        else if (Value(field, node, path) is { } value)
            field.Accessor.SetValue(target, value);
    }

    private static FieldDescriptor? OtherOfOneof(IMessage target, FieldDescriptor field) =>
        field.RealContainingOneof?.Accessor.GetCaseFieldDescriptor(target) is { } other && other != field ? other : null;

    private void Map(IMessage target, FieldDescriptor field, YamlNode node, string path)
    {
        if (node is not YamlMappingNode map)
        {
            Wrong(node, path, "must be a map of keys and values");
            return;
        }
        var entries = (IDictionary)field.Accessor.GetValue(target);
        var (keys, values) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
        foreach (var (key, child) in map.Children)
        {
            var place = $"{path}[{(key as YamlScalarNode)?.Value}]";
            places[place] = Place.Of(file, child.Start);
            if (Value(keys, key, place) is { } name && Value(values, child, place) is { } value)
                entries[name] = value;
        }
    }

    private void List(IMessage target, FieldDescriptor field, YamlNode node, string path)
    {
        if (node is not YamlSequenceNode sequence)
        {
            Wrong(node, path, "must be a list");
            return;
        }
        var items = (IList)field.Accessor.GetValue(target);
        foreach (var (index, child) in sequence.Children.Index())
        {
            places[$"{path}[{index}]"] = Place.Of(file, child.Start);
            if (Value(field, child, $"{path}[{index}]") is { } value)
                items.Add(value);
        }
    }

    private object? Value(FieldDescriptor field, YamlNode node, string path)
    {
        var isScalar = field.FieldType != FieldType.Message || field.MessageType.File.Package == "google.protobuf";
        if (isScalar)
            return Scalar(field, node, path);
        if (node is not YamlMappingNode map)
        {
            var keys = field.MessageType.Fields.InDeclarationOrder().Select(child => child.JsonName);
            Wrong(node, path, $"must be a map with {string.Join(", ", keys)}");
            return null;
        }
        var message = field.MessageType.Parser.ParseFrom(ByteString.Empty);
        Fill(message, map, path);
        return message;
    }

    private object? Scalar(FieldDescriptor field, YamlNode node, string path)
    {
        if (node is not YamlScalarNode scalar)
            Wrong(node, path, "must be one value, not a map or a list");
        else if (ScalarReader.TryRead(field, scalar.Value ?? "", out var value, out var problem))
            return value;
        else
            Wrong(node, path, problem);
        return null;
    }

    private void Unknown(MessageDescriptor type, YamlNode key, string name, string[] others)
    {
        var known = others.Concat(type.Fields.InDeclarationOrder().Select(field => field.JsonName));
        errors.Add(Place.Of(file, key.Start), $"unknown key '{name}'{Suggestion.For(name, known)}");
    }

    // People write names as JSON does, so the complaint says them so.
    private void Wrong(YamlNode node, string path, string problem) =>
        errors.Add(Place.Of(file, node.Start), $"{FieldPath.AsWritten(path)}: {problem}");

    private static string Join(string path, string name) => path == "" ? name : $"{path}.{name}";
}
