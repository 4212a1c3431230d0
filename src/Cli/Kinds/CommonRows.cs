using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>What every kind shows.</summary>
internal static class CommonRows
{
    public static Column Name { get; } = new("NAME", (resource, _) => Kind.Metadata(resource).Name);

    public static Column Age { get; } = new("AGE", (resource, now) => Words.Age(Kind.Metadata(resource).CreateTime, now));

    /// <summary>Name, labels and annotations, then what the kind says, as `describe` begins.</summary>
    public static IEnumerable<Line> Metadata(Kind kind, IMessage resource)
    {
        var metadata = Kind.Metadata(resource);
        return Line.Pairs(
            ("Name", metadata.Name),
            ("Kind", kind.Name),
            ("Labels", Words.Pairs(metadata.Labels)),
            ("Annotations", Words.Pairs(metadata.Annotations)),
            ("Created", Words.Time(metadata.CreateTime)));
    }

    public static IEnumerable<Line> Conditions(IEnumerable<Condition> conditions) => Line.Section(
        "Conditions", conditions.Select(condition => Condition(condition)));

    public static IEnumerable<Line> Waiting(IEnumerable<Waiting> waiting, DateTimeOffset now) => Line.Section(
        "Waiting for", waiting.Where(one => one.WaitsFor != "").Select(one => Words.Waiting(one) + Since(one, now)));

    private static string Condition(Condition condition)
    {
        var reason = condition.Reason == "" ? "" : $" ({condition.Reason})";
        var message = condition.Message == "" ? "" : $": {condition.Message}";
        return $"{condition.Type} {Words.Of(condition.Status)}{reason}{message}";
    }

    private static string Since(Waiting waiting, DateTimeOffset now) =>
        waiting.Since is null ? "" : $" (for {Words.Age(waiting.Since, now)})";
}
