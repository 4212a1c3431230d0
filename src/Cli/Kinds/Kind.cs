using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>
/// A kind of resource. All kinds have the same calls with the same fields, so that the kind's descriptors are enough to call them.
/// </summary>
/// <param name="Name">As `kind:` in a file says it.</param>
/// <param name="Words">What people type, in lower case; the first is the singular, the second the plural.</param>
internal sealed record Kind(string Name, IReadOnlyList<string> Words, FileDescriptor File)
{
    public required IReadOnlyList<Column> Columns { get; init; }

    /// <summary>What `describe` says, as pairs of a heading and its text.</summary>
    public required Func<IMessage, DateTimeOffset, IEnumerable<Line>> Describe { get; init; }

    /// <summary>Whether a file may make one: nodes appear by themselves.</summary>
    public bool CanCreate { get; init; } = true;

    /// <summary>Whether it changes after it was made: a rollout's plan is frozen.</summary>
    public bool CanUpdate { get; init; } = true;

    public bool CanDelete { get; init; } = true;

    /// <summary>A file's documents are written in this order: what is referred to comes first.</summary>
    public int Order { get; init; }

    public string Singular => Words[0];

    public string Plural => Words[1];

    /// <summary>The name of several, as the calls have it.</summary>
    public string ListName { get; init; } = Name + "s";

    /// <summary>The field that holds one in messages, and the one that holds a page of them.</summary>
    public string Field => Snake(Name);

    public string ListField => Snake(ListName);

    public MessageDescriptor Descriptor => File.MessageTypes.Single(type => type.Name == Name);

    public ServiceDescriptor Service => File.Services.Single(service => service.Name == $"{Name}Service");

    public static Metadata Metadata(IMessage resource) =>
        (Metadata?)resource.Descriptor.FindFieldByName("metadata").Accessor.GetValue(resource) ?? new Metadata();

    public static IMessage? Spec(IMessage resource) => (IMessage?)resource.Descriptor.FindFieldByName("spec").Accessor.GetValue(resource);

    /// <summary>How a resource is named in one word, such as `rack/r1`.</summary>
    public string Reference(IMessage resource) => Reference(Metadata(resource).Name);

    public string Reference(string name) => $"{Singular}/{name}";

    private static string Snake(string name) =>
        string.Concat(name.Select((letter, i) => i > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{letter}")).ToLowerInvariant();
}
