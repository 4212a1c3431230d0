using System.Runtime.CompilerServices;
using Cozy.Fleet.Cli.Connect;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>One change of a resource; a deleted one has only its metadata.</summary>
internal sealed record Change(ChangeType Type, IMessage Resource);

/// <summary>The changes of a kind, first the whole picture, without gaps over broken connections.</summary>
internal sealed class ResourceWatch(Session session, Kind kind, string filter)
{
    private readonly HashSet<string> known = [];
    private HashSet<string>? repeated;
    private string resumeToken = "";

    public async IAsyncEnumerable<Change> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var stream = new ResumingStream<IMessage>(
            session.Terminal, token => session.Resources.Watch(kind, filter, resumeToken, token), Forget);
        await foreach (var response in stream.ReadAsync(cancellation))
        {
            if (DynamicCall.Field(response, "resume_token") is string { Length: > 0 } token)
                resumeToken = token;
            var type = (ChangeType)DynamicCall.Field(response, "type")!;
            if (type == ChangeType.Bookmark)
            {
                foreach (var name in Vanished())
                    yield return new(ChangeType.Deleted, Only(name));
            }
            else if (DynamicCall.Field(response, kind.Field) is IMessage resource)
            {
                Remember(type, Kind.Metadata(resource).Name);
                yield return new(type, resource);
            }
        }
    }

    private void Remember(ChangeType type, string name)
    {
        repeated?.Add(name);
        if (type == ChangeType.Deleted)
            known.Remove(name);
        else
            known.Add(name);
    }

    // The coordinator no longer knows where we were and sends the whole picture again: what is not in it was deleted meanwhile.
    private bool Forget()
    {
        if (resumeToken == "")
            return false;
        (resumeToken, repeated) = ("", []);
        return true;
    }

    private string[] Vanished()
    {
        var gone = repeated is null ? [] : known.Except(repeated).Order(StringComparer.Ordinal).ToArray();
        known.ExceptWith(gone);
        repeated = null;
        return gone;
    }

    private IMessage Only(string name)
    {
        var resource = kind.Descriptor.Parser.ParseFrom(ByteString.Empty);
        kind.Descriptor.FindFieldByName("metadata").Accessor.SetValue(resource, new Metadata { Name = name });
        return resource;
    }
}
