using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Files;

/// <summary>
/// What the coordinator alone sets. A file may hold it, because `get -o yaml` prints it; it is neither sent nor compared.
/// </summary>
internal static class OutputOnly
{
    public static void Clear(Kind kind, IMessage resource)
    {
        kind.Descriptor.FindFieldByName("status")?.Accessor.Clear(resource);
        var metadata = Kind.Metadata(resource);
        (metadata.Uid, metadata.Generation, metadata.CreateTime, metadata.UpdateTime) = ("", 0, null, null);
        if (resource is Node { Spec: { } spec })
            (spec.Acceptance, spec.Bmc) = (null, null);
    }

    /// <summary>A copy with what a person may write: labels, annotations and spec.</summary>
    public static IMessage Written(Kind kind, IMessage resource)
    {
        var copy = kind.Descriptor.Parser.ParseFrom(resource.ToByteString());
        Clear(kind, copy);
        Kind.Metadata(copy).Etag = "";
        // No spec and an empty one say the same.
        if (Kind.Spec(copy) is { } spec && spec.CalculateSize() == 0)
            kind.Descriptor.FindFieldByName("spec").Accessor.Clear(copy);
        return copy;
    }
}
